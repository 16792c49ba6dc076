// node-redis against a server: HOST PORT. RESP2 and RESP3, with client-side caching on the latter.
import assert from 'node:assert/strict';
import { createClient, createClientPool } from 'redis';

const [host, port] = [process.argv[2], Number(process.argv[3])];
const url = `redis://${host}:${port}`;

async function everything(RESP) {
  const client = await createClient({ url, RESP, name: 'node-redis-trial' }).connect();
  await client.flushAll();

  await client.set('s', 'value', { EX: 100, NX: true });
  assert.equal(await client.get('s'), 'value');
  assert.equal(await client.getDel('s'), 'value');
  await client.hSet('h', { a: '1', b: '2' });
  assert.deepEqual({ ...(await client.hGetAll('h')) }, { a: '1', b: '2' });
  await client.zAdd('z', [{ score: 1.5, value: 'a' }, { score: 2, value: 'b' }]);
  assert.deepEqual((await client.zRangeWithScores('z', 0, -1)).map((m) => m.score), [1.5, 2]);
  assert.equal(await client.zScore('z', 'a'), 1.5);
  await client.geoAdd('geo', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' });
  assert.equal((await client.geoSearch('geo', 'Palermo', { radius: 1, unit: 'km' }))[0], 'Palermo');
  await client.pfAdd('hll', ['a', 'b', 'c']);
  assert.equal(await client.pfCount('hll'), 3);
  assert.deepEqual(await client.bitField('bits', [{ operation: 'INCRBY', encoding: 'u8', offset: 0, increment: 255 }]), [255]);

  assert.deepEqual((await client.multi().set('m', '1').incr('m').exec()).map(String), ['OK', '2']);
  const isolated = client.duplicate();
  await isolated.connect();
  await isolated.watch('m');
  await client.incr('m');
  await assert.rejects(isolated.multi().incr('m').exec());

  for (let i = 0; i < 500; i++) client.set(`scan:${i}`, 'x');
  let count = 0;
  for await (const keys of client.scanIterator({ MATCH: 'scan:*', COUNT: 50 })) count += keys.length;
  assert.equal(count, 500);

  const subscriber = await client.duplicate().connect();
  const got = new Promise((resolve) => subscriber.subscribe('news', (m, c) => resolve([c, m])));
  const gotByPattern = new Promise((resolve) => subscriber.pSubscribe('n*', (m, c) => resolve([c, m])));
  const gotByShard = new Promise((resolve) => subscriber.sSubscribe('shard', (m, c) => resolve([c, m])));
  await subscriber.ping();
  await client.publish('news', 'hello');
  await client.sPublish('shard', 'one');
  assert.deepEqual(await got, ['news', 'hello']);
  assert.deepEqual(await gotByPattern, ['news', 'hello']);
  assert.deepEqual(await gotByShard, ['shard', 'one']);

  const id = await client.xAdd('st', '*', { field: 'value' });
  await client.xGroupCreate('st', 'g', '0');
  const read = await client.xReadGroup('g', 'c', { key: 'st', id: '>' }, { COUNT: 10 });
  const streams = Array.isArray(read) ? read : Object.entries(read).map(([name, messages]) => ({ name, messages }));
  assert.equal(streams[0].messages[0].id, id);
  assert.equal((await client.xAutoClaim('st', 'g', 'd', 0, '0-0')).messages[0].id, id);
  assert.equal((await client.xInfoStream('st')).length, 1);
  assert.equal((await client.xInfoGroups('st'))[0].pending, 1);

  assert.equal(await client.eval("return redis.call('GET', KEYS[1])", { keys: ['m'] }), '3');
  await client.functionLoad("#!lua name=trial\nserver.register_function('double', function(k, a) return a[1] * 2 end)", { REPLACE: true });
  assert.equal(await client.fCall('double', { keys: [], arguments: ['21'] }), 42);
  assert.equal((await client.functionList())[0].library_name, 'trial');

  const taken = client.blPop('queue', 5);
  const pusher = client.duplicate();
  await pusher.connect();
  await pusher.rPush('queue', 'job');
  assert.equal((await taken).element, 'job');
  assert.ok((await client.commandDocs?.('get')) !== null);
  assert.ok((await client.memoryUsage('h')) > 0);
  assert.equal((await client.clientInfo()).name, 'node-redis-trial');
  await client.sAdd('unsorted', ['3', '1', '2']);
  assert.deepEqual(await client.sort('unsorted'), ['1', '2', '3']);
  await client.copy('unsorted', 'copy');
  await client.restore('restored', 0, await client.withTypeMapping({ 36: Buffer }).dump('unsorted'));
  assert.equal(await client.sCard('restored'), 3);

  for (const c of [client, isolated, subscriber, pusher]) c.destroy();
}

async function clientSideCaching() {
  const cached = await createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 100 } }).connect();
  const writer = await createClient({ url }).connect();
  await writer.set('near', 'old');
  assert.equal(await cached.get('near'), 'old');
  await writer.set('near', 'new');
  const until = Date.now() + 5000;
  while ((await cached.get('near')) !== 'new') {
    assert.ok(Date.now() < until, 'no invalidation came');
    // A hit never leaves the event loop's turn: without a pause the invalidation is not even read.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  cached.destroy();
  writer.destroy();
}

async function pool() {
  const clients = await createClientPool({ url }, { minimum: 2, maximum: 8 }).connect();
  await clients.set('pooled', '0');
  await Promise.all(Array.from({ length: 200 }, () => clients.incr('pooled')));
  assert.equal(await clients.get('pooled'), '200');
  clients.destroy();
}

await everything(2);
await everything(3);
await clientSideCaching();
await pool();
console.log('node-redis: all as expected');
