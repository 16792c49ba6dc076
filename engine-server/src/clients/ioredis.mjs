// ioredis against a server: HOST PORT. Every feature that the library wraps, asserted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Redis } from 'ioredis';

const [host, port] = [process.argv[2], Number(process.argv[3])];
const redis = new Redis({ host, port, lazyConnect: true, maxRetriesPerRequest: 1 });
await redis.connect();
await redis.flushall();

// Values of every type, and the replies that ioredis reshapes.
assert.equal(await redis.set('s', 'value', 'EX', 100), 'OK');
assert.equal(await redis.get('s'), 'value');
assert.deepEqual(await redis.getBuffer('s'), Buffer.from('value'));
await redis.hset('h', { a: 1, b: 'two' });
assert.deepEqual(await redis.hgetall('h'), { a: '1', b: 'two' });
await redis.mset(new Map([['m1', '1'], ['m2', '2']]));
assert.deepEqual(await redis.mget('m1', 'm2', 'none'), ['1', '2', null]);
await redis.zadd('z', 1, 'one', 2, 'two', 3, 'three');
assert.deepEqual(await redis.zrevrange('z', 0, 1, 'WITHSCORES'), ['three', '3', 'two', '2']);
await redis.sadd('set', 'x', 'y');
assert.deepEqual(new Set(await redis.smembers('set')), new Set(['x', 'y']));

// Pipelines and transactions, with an error in the middle.
const piped = await redis.pipeline().incr('n').lpush('s', 'wrong').incr('n').exec();
assert.equal(piped[0][1], 1);
assert.match(piped[1][0].message, /^WRONGTYPE/);
assert.equal(piped[2][1], 2);
assert.deepEqual(await redis.multi().set('t', '1').incr('t').exec(), [[null, 'OK'], [null, 2]]);
const watching = redis.duplicate();
await watching.watch('t');
await redis.incr('t');
assert.equal(await watching.multi().incr('t').exec(), null);

// Iteration by streams.
const fill = redis.pipeline();
for (let i = 0; i < 1000; i++) fill.set(`scan:${i}`, i);
await fill.exec();
const seen = new Set();
for await (const keys of redis.scanStream({ match: 'scan:*', count: 100 })) keys.forEach((k) => seen.add(k));
assert.equal(seen.size, 1000);
const members = [];
for await (const page of redis.zscanStream('z')) members.push(...page);
assert.equal(members.length, 6);

// Scripts by hash, re-sent after SCRIPT FLUSH.
redis.defineCommand('addTo', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
assert.equal(await redis.addTo('lua', 5), 5);
await redis.script('FLUSH');
assert.equal(await redis.addTo('lua', 5), 10);

// Publish and subscribe: channels, patterns, shards, buffers.
const subscriber = redis.duplicate();
await subscriber.subscribe('news');
await subscriber.psubscribe('ne?s');
const message = once(subscriber, 'message');
const pattern = once(subscriber, 'pmessage');
assert.equal(await redis.publish('news', 'hello'), 2);
assert.deepEqual(await message, ['news', 'hello']);
assert.deepEqual(await pattern, ['ne?s', 'news', 'hello']);
const shardSubscriber = redis.duplicate();
await shardSubscriber.ssubscribe('shard');
const sharded = once(shardSubscriber, 'smessage');
assert.equal(await redis.spublish('shard', 'one'), 1);
assert.deepEqual(await sharded, ['shard', 'one']);
await subscriber.unsubscribe('news');
await subscriber.punsubscribe('ne?s');

// Keyspace notifications.
await redis.config('SET', 'notify-keyspace-events', 'KEA');
await subscriber.psubscribe('__keyevent@0__:*');
const expired = new Promise((resolve) =>
  subscriber.on('pmessage', (p, channel, key) => channel.endsWith(':expired') && resolve(key)));
await redis.set('short', 'v', 'PX', 20);
assert.equal(await expired, 'short');

// Blocking commands and streams with a consumer group.
const blocked = redis.duplicate();
const popped = blocked.blpop('queue', 5);
await redis.rpush('queue', 'job');
assert.deepEqual(await popped, ['queue', 'job']);
await redis.xgroup('CREATE', 'st', 'g', '$', 'MKSTREAM');
const read = blocked.xreadgroup('GROUP', 'g', 'c', 'BLOCK', 5000, 'STREAMS', 'st', '>');
const id = await redis.xadd('st', '*', 'field', 'value');
assert.deepEqual(await read, [['st', [[id, ['field', 'value']]]]]);
assert.equal((await redis.xpending('st', 'g'))[0], 1);
assert.equal(await redis.xack('st', 'g', id), 1);

// MONITOR sees what others send.
const monitor = await redis.duplicate().monitor();
const line = once(monitor, 'monitor');
await redis.set('watched', 'yes');
assert.deepEqual((await line)[1].map((a) => a.toString().toLowerCase()).slice(0, 2), ['set', 'watched']);

// A killed connection comes back by itself.
const fragile = new Redis({ host, port });
const clientId = await fragile.client('ID');
const ready = new Promise((resolve) => fragile.on('close', () => fragile.once('ready', resolve)));
await redis.client('KILL', 'ID', clientId);
await ready;
assert.equal(await fragile.get('watched'), 'yes');

await redis.config('SET', 'notify-keyspace-events', '');
for (const c of [redis, watching, subscriber, shardSubscriber, blocked, monitor, fragile]) c.disconnect();
console.log('ioredis: all as expected');
