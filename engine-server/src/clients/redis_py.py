"""redis-py against a server: HOST PORT. Types, pipelines, scripts, locks, pub/sub, streams."""
import sys
import threading
import time

import redis

host, port = sys.argv[1], int(sys.argv[2])
r = redis.Redis(host=host, port=port, decode_responses=True)
r.flushall()

assert r.set("s", "v", ex=100, nx=True) is True
assert r.set("s", "w", nx=True) is None
assert r.get("s") == "v" and 0 < r.ttl("s") <= 100
assert r.hset("h", mapping={"a": 1, "b": 2}) == 2 and r.hgetall("h") == {"a": "1", "b": "2"}
assert r.zadd("z", {"a": 1.5, "b": 2}) == 2 and r.zrange("z", 0, -1, withscores=True) == [("a", 1.5), ("b", 2.0)]
assert r.rpush("l", *range(5)) == 5 and r.lrange("l", 1, 2) == ["1", "2"] and r.lpos("l", "3") == 3
assert r.sadd("set", "x", "y") == 2 and r.smembers("set") == {"x", "y"}
assert r.sort("l", desc=True, alpha=False)[0] == "4"
assert r.geoadd("geo", (13.361389, 38.115556, "Palermo")) == 1 and r.geopos("geo", "Palermo")[0]
assert r.pfadd("hll", "a", "b") == 1 and r.pfcount("hll") == 2
assert r.object("encoding", "h") == "listpack" and r.type("z") == "zset"
assert r.copy("h", "h2") and r.restore("h3", 0, redis.Redis(host=host, port=port).dump("h")) and r.hlen("h3") == 2
assert sorted(r.scan_iter(match="h*")) == ["h", "h2", "h3", "hll"]

with r.pipeline() as pipe:
    pipe.set("p", 1).incr("p").lpush("s", "wrong")
    replies = pipe.execute(raise_on_error=False)
    assert replies[:2] == [True, 2] and "WRONGTYPE" in str(replies[2])


def add_one(pipe):
    value = int(pipe.get("counter") or 0)
    pipe.multi()
    pipe.set("counter", value + 1)


threads = [threading.Thread(target=lambda: [r.transaction(add_one, "counter") for _ in range(20)]) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert r.get("counter") == "80"

script = r.register_script("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")
assert script(keys=["lua"], args=["x"]) == ["lua", "x", 1]
r.script_flush()
assert script(keys=["lua"], args=["x"])[2] == 2
assert r.function_load("#!lua name=py\nredis.register_function('hello', function(k, a) return 'hello ' .. a[1] end)") == "py"
assert r.fcall("hello", 0, "world") == "hello world"
r.function_flush()

with r.lock("lock", timeout=5):
    assert not r.lock("lock", timeout=5, blocking=False).acquire()
assert r.lock("lock", timeout=5).acquire(blocking=False)

pubsub = r.pubsub(ignore_subscribe_messages=True)
pubsub.subscribe("news")
pubsub.psubscribe("n*")
pubsub.get_message(timeout=1)
pubsub.get_message(timeout=1)
assert r.publish("news", "hello") == 2
got, until = [], time.time() + 5
while len(got) < 2 and time.time() < until:
    message = pubsub.get_message(timeout=0.5)
    if message:
        got.append(message["type"])
assert sorted(got) == ["message", "pmessage"], got
pubsub.close()

one = r.xadd("st", {"a": 1})
r.xgroup_create("st", "g", "0")
assert r.xreadgroup("g", "c", {"st": ">"})[0][1] == [(one, {"a": "1"})]
assert r.xpending("st", "g")["pending"] == 1 and r.xpending_range("st", "g", "-", "+", 10)[0]["consumer"] == "c"
assert r.xclaim("st", "g", "d", 0, [one]) == [(one, {"a": "1"})] and r.xack("st", "g", one) == 1
assert r.xinfo_stream("st")["length"] == 1 and r.xinfo_groups("st")[0]["name"] == "g"
assert r.xtrim("st", maxlen=0) == 1

with r.monitor() as monitor:
    r.get("seen")
    assert next(monitor.listen())["command"].upper() == "GET SEEN"
assert r.info()["redis_version"] and r.config_get("maxmemory") and r.slowlog_get() is not None
assert r.client_list() and r.memory_usage("h") > 0 and r.dbsize() > 0 and r.time()[0] > 0
assert r.command_count() > 200 and "get" in r.command()
r.flushall()
print(f"redis-py {redis.__version__}: all as expected")
