// BullMQ against a server: HOST PORT. Jobs, delays, retries, priorities, flows, limits, schedulers.
import assert from 'node:assert/strict';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';

const connection = { host: process.argv[2], port: Number(process.argv[3]), maxRetriesPerRequest: null };
const queue = new Queue('trial', { connection });
await queue.obliterate({ force: true }).catch(() => {});
queue.setMaxListeners(100);
const events = new QueueEvents('trial', { connection });
await events.waitUntilReady();

const done = [];
const worker = new Worker('trial', async (job) => {
  if (job.name === 'fails-once' && job.attemptsMade === 0) throw new Error('first attempt');
  if (job.name === 'fails') throw new Error('always');
  await job.updateProgress(50);
  await job.log('half way');
  done.push(job.name);
  return { name: job.name, n: job.data.n };
}, { connection, concurrency: 5 });

// Plain jobs, in bulk, with results through the event stream.
const jobs = await queue.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: 'plain', data: { n } })));
const results = await Promise.all(jobs.map((j) => j.waitUntilFinished(events, 20000)));
assert.equal(results.reduce((sum, r) => sum + r.n, 0), 4950);

// Delayed, prioritized, retried, failed for good, de-duplicated.
const before = Date.now();
await (await queue.add('delayed', {}, { delay: 300 })).waitUntilFinished(events, 20000);
assert.ok(Date.now() - before >= 300);
await (await queue.add('urgent', {}, { priority: 1 })).waitUntilFinished(events, 20000);
await (await queue.add('fails-once', {}, { attempts: 2, backoff: { type: 'fixed', delay: 50 } })).waitUntilFinished(events, 20000);
const failing = await queue.add('fails', {}, { attempts: 1 });
await assert.rejects(failing.waitUntilFinished(events, 20000), /always/);
assert.equal(await failing.getState(), 'failed');
assert.equal((await queue.getFailed()).length, 1);
await queue.pause();
const first = await queue.add('once', {}, { jobId: 'same' });
const second = await queue.add('once', {}, { jobId: 'same' });
assert.equal(first.id, second.id);
assert.equal((await queue.getJobCounts('paused', 'waiting', 'wait')).paused + ((await queue.getJobCounts('wait')).wait ?? 0) > 0, true);
await queue.resume();
await first.waitUntilFinished(events, 20000);

// A parent waits for its children.
const flow = new FlowProducer({ connection });
const tree = await flow.add({
  name: 'parent', queueName: 'trial', data: { n: 0 },
  children: [1, 2, 3].map((n) => ({ name: 'child', queueName: 'trial', data: { n } })),
});
await tree.job.waitUntilFinished(events, 20000);
assert.deepEqual(Object.values(await tree.job.getChildrenValues()).map((v) => v.n).sort(), [1, 2, 3]);

// A scheduler that repeats.
await queue.upsertJobScheduler('tick', { every: 100 }, { name: 'tick' });
const until = Date.now() + 20000;
while (done.filter((n) => n === 'tick').length < 3) {
  assert.ok(Date.now() < until, 'the scheduler did not repeat');
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await queue.removeJobScheduler('tick');

// A rate limit: ten jobs at two per 100 ms take at least 400 ms.
const limited = new Queue('limited', { connection });
const limitedEvents = new QueueEvents('limited', { connection });
await limitedEvents.waitUntilReady();
const slow = new Worker('limited', async () => {}, { connection, limiter: { max: 2, duration: 100 } });
const start = Date.now();
const tens = await limited.addBulk(Array.from({ length: 10 }, () => ({ name: 'x', data: {} })));
await Promise.all(tens.map((j) => j.waitUntilFinished(limitedEvents, 20000)));
assert.ok(Date.now() - start >= 300, `took ${Date.now() - start} ms`);

assert.ok((await queue.getMetrics('completed')).meta !== undefined);
await queue.clean(0, 1000, 'completed');
await Promise.all([worker.close(), slow.close()]);
await Promise.all([events.close(), limitedEvents.close(), flow.close()]);
await queue.obliterate({ force: true });
await limited.obliterate({ force: true });
await Promise.all([queue.close(), limited.close()]);
console.log('BullMQ: all as expected');
