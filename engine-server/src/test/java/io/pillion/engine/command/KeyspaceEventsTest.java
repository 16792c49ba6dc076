package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.List;

/** What happens to keys, told in the order and by the names of Redis and Valkey. */
class KeyspaceEventsTest {
  /** Sends scripts of commands and compares what is told of them. */
  private static final class Events {
    private final TestClient client;
    private final TestClient listener;

    Events(TestClient client, TestServer server) {
      this.client = client;
      server.config("notify-keyspace-events", "KEAmn");
      listener = server.client();
      listener.call("PSUBSCRIBE", "__keyevent@*").isList("psubscribe", "__keyevent@*", 1);
    }

    /** Commands with semicolons between them, words with single spaces; '' is an empty one. */
    Told of(String script) {
      client.ok("FLUSHALL");
      for (String command : script.split(";", -1)) {
        Object[] words = command.split(" ", -1);
        for (int i = 0; i < words.length; i++) {
          words[i] = words[i].equals("''") ? "" : words[i];
        }
        client.call(words);
      }
      client.call("PUBLISH", "__keyevent@0__:the end", "").is(1);
      List<String> events = new ArrayList<>();
      while (true) {
        List<String> message = listener.receive().texts();
        String event = message.get(2).substring("__keyevent@".length()).replace("__:", ":");
        if (event.equals("0:the end")) {
          return new Told(script, String.join(", ", events));
        }
        events.add((event.startsWith("0:") ? event.substring(2) : event) + " " + message.get(3));
      }
    }
  }

  private record Told(String script, String events) {
    void are(String expected) {
      assertThat(events).as(script).isEqualTo(expected);
    }
  }

  @CommandTest
  void stringsTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "SET a 1;SET a 2;SET b 1 EX 100;SET b 2 KEEPTTL;SET b 3 NX;SET c 1 NX;"
                + "SET c 2 XX;SET c 3 GET;SET d 1 GET")
        .are(
            "new a, set a, set a, new b, set b, expire b, set b, new c, set c, set c, "
                + "set c, keymiss d, new d, set d");
    events
        .of(
            "SETNX a 1;SETNX a 1;SETEX b 10 1;PSETEX b 1000 1;GETSET c 1;GETSET c 2;"
                + "GETDEL c;GETDEL c")
        .are(
            "new a, set a, new b, set b, expire b, set b, expire b, keymiss c, new c, "
                + "set c, set c, del c, keymiss c");
    events
        .of("MSET a 1 b 2 a 3;MSETNX c 1 d 2;MSETNX c 1 e 2")
        .are("new a, set a, new b, set b, set a, new c, set c, new d, set d");
    events
        .of(
            "APPEND a x;APPEND a y;SETRANGE b 2 x;SETRANGE b 0 x;SETRANGE c 0 '';STRLEN zz;"
                + "GETRANGE zz 0 1")
        .are(
            "new a, append a, append a, new b, setrange b, setrange b, keymiss zz, "
                + "keymiss zz");
    events
        .of("INCR a;INCRBY a 2;DECR a;DECRBY a 3;INCRBYFLOAT b 1.5;INCRBYFLOAT b 1")
        .are(
            "new a, incrby a, incrby a, incrby a, incrby a, new b, incrbyfloat b, "
                + "incrbyfloat b");
    events
        .of(
            "GETEX zz;SET a 1;GETEX a;GETEX a EX 10;GETEX a PERSIST;GETEX a PERSIST;"
                + "GETEX a EXAT 1;GETEX a")
        .are("keymiss zz, new a, set a, expire a, persist a, del a, keymiss a");
    events
        .of(
            "SETBIT a 1 1;SETBIT a 1 1;GETBIT zz 1;BITCOUNT zz;BITPOS zz 1;BITOP AND d a a;"
                + "BITOP AND d zz;BITOP AND d zz;BITFIELD a SET u8 0 1;BITFIELD a INCRBY u8 0 1;"
                + "BITFIELD a GET u8 0;BITFIELD nn SET u8 0 1;BITFIELD_RO zz GET u8 0;"
                + "BITFIELD a OVERFLOW FAIL INCRBY u2 0 100")
        .are(
            "new a, setbit a, keymiss zz, keymiss zz, keymiss zz, new d, set d, "
                + "keymiss zz, del d, keymiss zz, setbit a, setbit a, new nn, setbit nn, "
                + "keymiss zz");
    events
        .of(
            "PFADD p a;PFADD p a;PFADD p b;PFADD q;PFADD q;PFCOUNT p;PFCOUNT zz;"
                + "PFMERGE m p q;PFMERGE m p")
        .are(
            "new p, pfadd p, pfadd p, new q, pfadd q, keymiss zz, keymiss m, new m, "
                + "pfadd m, pfadd m");
  }

  @CommandTest
  void keysTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "GET zz;MGET zz yy;EXISTS zz;TTL zz;PTTL zz;TYPE zz;STRLEN zz;EXPIRETIME zz;"
                + "LCS zz yy;SUBSTR zz 0 1;OBJECT ENCODING zz;TOUCH zz")
        .are(
            "keymiss zz, keymiss zz, keymiss yy, keymiss zz, keymiss zz, keymiss zz, "
                + "keymiss zz, keymiss zz, keymiss zz, keymiss zz, keymiss yy, keymiss zz, "
                + "keymiss zz");
    events
        .of(
            "SET a 1;DEL a;DEL a;SET a 1;UNLINK a;SET a 1;EXPIRE a 10;EXPIRE a 10 NX;"
                + "PERSIST a;PERSIST a;EXPIRE a -1;EXPIRE a 10")
        .are(
            "new a, set a, del a, new a, set a, del a, new a, set a, expire a, persist a, "
                + "del a");
    events
        .of("SET a 1;EXPIREAT a 1;SET a 1;PEXPIRE a 100000;PEXPIREAT a 1")
        .are("new a, set a, del a, new a, set a, expire a, del a");
    events
        .of(
            "SET a 1;RENAME a b;SET a 2;RENAME a b;RENAMENX b c;SET d 1;RENAMENX c d;"
                + "RENAME d d")
        .are(
            "new a, set a, new b, rename_from a, rename_to b, new a, set a, new b, "
                + "rename_from a, rename_to b, new c, rename_from b, rename_to c, new d, set d");
    events
        .of(
            "SET a 1;COPY a b;COPY a b;COPY a b REPLACE;COPY zz b;COPY a a2 DB 1;MOVE a 1;"
                + "SET a 1;MOVE a 2;MOVE zz 1")
        .are(
            "new a, set a, new b, copy_to b, new b, copy_to b, keymiss zz, 1:new a2, "
                + "1:copy_to a2, 1:new a, move_from a, 1:move_to a, new a, set a, 2:new a, "
                + "move_from a, 2:move_to a");
    events.of("SELECT 1;SET a 1;SELECT 0;SWAPDB 0 1;FLUSHDB").are("1:new a, 1:set a");
    events
        .of(
            "RPUSH l 3 1 2;SORT l STORE s;SORT l STORE s;SORT zz STORE s;SORT zz STORE s;"
                + "SORT_RO zz")
        .are(
            "new l, rpush l, new s, sortstore s, sortstore s, keymiss zz, del s, "
                + "keymiss zz, keymiss zz");
    events.of("MULTI;SET a 1;INCR a;DEL a;EXEC").are("new a, set a, incrby a, del a");
    events
        .of("HSET h a 1;DEL h;LPUSH l a;DEL l zz;SADD s a;UNLINK s zz")
        .are("new h, hset h, del h, new l, lpush l, del l, new s, sadd s, del s");
    events.of("SET a x;LPUSH a 1;INCR a;HSET a f v;GET zz").are("new a, set a, keymiss zz");
    events
        .of("SET a 1;OBJECT FREQ zz;OBJECT IDLETIME zz;RANDOMKEY;SCAN 0;KEYS *;DBSIZE")
        .are("new a, set a");
  }

  @CommandTest
  void listsTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "LPUSH a 1 2;RPUSH a 3;LPUSHX a 1;RPUSHX zz 1;LINSERT a BEFORE 1 0;LSET a 0 x;"
                + "LREM a 0 zz;LREM a 0 x;LTRIM a 0 1;LTRIM a 5 6")
        .are(
            "new a, lpush a, rpush a, lpush a, linsert a, lset a, lrem a, ltrim a, "
                + "ltrim a, del a");
    events
        .of(
            "RPUSH a 1 2 3;LPOP a;RPOP a;LPOP a 5;LPOP a;LPOP a 2;LLEN a;LRANGE a 0 1;"
                + "LINDEX a 0;LPOS a 1")
        .are(
            "new a, rpush a, lpop a, rpop a, lpop a, del a, keymiss a, keymiss a, "
                + "keymiss a, keymiss a");
    events
        .of(
            "RPUSH a 1 2 3;LMOVE a b LEFT RIGHT;RPOPLPUSH a b;LMOVE a a LEFT RIGHT;"
                + "LMOVE a b RIGHT RIGHT;RPOPLPUSH zz b")
        .are(
            "new a, rpush a, new b, rpush b, lpop a, lpush b, rpop a, rpush a, lpop a, "
                + "rpush b, rpop a, del a");
    events
        .of(
            "RPUSH a 1 2 3;BLPOP a 1;BRPOP a 1;BLMOVE a b LEFT LEFT 1;BRPOPLPUSH b c 1;"
                + "LMPOP 2 zz c LEFT;RPUSH a 1 2;BLMPOP 1 1 a RIGHT COUNT 5")
        .are(
            "new a, rpush a, lpop a, rpop a, new b, lpush b, lpop a, del a, new c, "
                + "lpush c, rpop b, del b, lpop c, del c, new a, rpush a, rpop a, del a");
    events
        .of("RPUSH a 1 2 3;LREM a 0 1;LREM a 0 2;LREM a 0 3")
        .are("new a, rpush a, lrem a, lrem a, lrem a, del a");
  }

  @CommandTest
  void setsTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "SADD a 1 2 3;SADD a 1;SADD a x;SREM a 1;SREM a zz;SREM a 2 3 x;SREM a 1;"
                + "SCARD a;SISMEMBER a 1;SMISMEMBER a 1;SMEMBERS a;SRANDMEMBER a;SINTER a zz;"
                + "SUNION a zz;SDIFF a zz;SINTERCARD 2 a zz")
        .are(
            "new a, sadd a, sadd a, srem a, srem a, del a, keymiss a, keymiss a, "
                + "keymiss a, keymiss a, keymiss a, keymiss a, keymiss zz, keymiss a, "
                + "keymiss zz, keymiss a, keymiss zz, keymiss a, keymiss zz");
    events
        .of("SADD a 1 2 3;SPOP a;SPOP a 1;SPOP a 5;SPOP a;SPOP a 5")
        .are("new a, sadd a, spop a, spop a, spop a, del a");
    events
        .of(
            "SADD a 1 2;SADD b 2 3;SMOVE a b 1;SMOVE a b 2;SMOVE a b 2;SINTERSTORE c b b;"
                + "SUNIONSTORE c b b;SDIFFSTORE c b b;SDIFFSTORE c b b;SUNIONSTORE d zz;"
                + "SUNIONSTORE b zz")
        .are(
            "new a, sadd a, new b, sadd b, srem a, sadd b, srem a, del a, new c, "
                + "sinterstore c, sunionstore c, del c, keymiss zz, keymiss zz, del b");
  }

  @CommandTest
  void hashesTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "HSET h a 1 b 2;HSET h a 2;HSETNX h a 1;HSETNX h c 1;HMSET h a 1;HINCRBY h n 1;"
                + "HINCRBYFLOAT h f 1.5;HDEL h zz;HDEL h a;HDEL h b c n f;HGET h a;HLEN h;"
                + "HGETALL h;HMGET h a;HKEYS h;HVALS h;HEXISTS h a;HSTRLEN h a;HSCAN h 0;"
                + "HRANDFIELD h")
        .are(
            "new h, hset h, hset h, hset h, hset h, hincrby h, hincrbyfloat h, hdel h, "
                + "hdel h, del h, keymiss h, keymiss h, keymiss h, keymiss h, keymiss h, "
                + "keymiss h, keymiss h, keymiss h, keymiss h, keymiss h");
    events
        .of("HINCRBY h a 1;HINCRBYFLOAT i a 1;HSETNX j a 1")
        .are("new h, hincrby h, new i, hincrbyfloat i, new j, hset j");
  }

  @CommandTest
  void sortedSetsTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "ZADD z 1 a 2 b;ZADD z 1 a;ZADD z 5 a;ZADD z NX 5 a;ZADD z XX 5 q;"
                + "ZADD z INCR 1 a;ZINCRBY z 1 a;ZINCRBY z 1 new;ZADD z CH 9 a 2 b;ZREM z zz;"
                + "ZREM z a;ZREM z b new;ZREM z a")
        .are(
            "new z, zadd z, zadd z, zincr z, zincr z, zincr z, zadd z, zrem z, zrem z, " + "del z");
    events.of("ZADD z XX 1 a;ZADD z GT 1 a;ZINCRBY y 1 a").are("new z, zadd z, new y, zincr y");
    events
        .of(
            "ZADD z 1 a 2 b 3 c 4 d 5 e;ZPOPMIN z;ZPOPMAX z;ZPOPMIN z 0;"
                + "ZREMRANGEBYRANK z 0 0;ZREMRANGEBYSCORE z 3 3;ZREMRANGEBYSCORE z 30 30;"
                + "ZREMRANGEBYLEX z - +;ZPOPMIN z")
        .are(
            "new z, zadd z, zpopmin z, zpopmax z, zremrangebyrank z, zremrangebyscore z, "
                + "zremrangebylex z, del z");
    events
        .of(
            "ZADD z 1 a 2 b;BZPOPMIN z 1;BZPOPMAX z 1;ZADD z 1 a 2 b;ZMPOP 1 z MIN;"
                + "BZMPOP 1 1 z MAX COUNT 5")
        .are(
            "new z, zadd z, zpopmin z, zpopmax z, del z, new z, zadd z, zpopmin z, "
                + "zpopmax z, del z");
    events
        .of(
            "ZADD z 1 a;ZADD y 2 b;ZUNIONSTORE d 2 z y;ZUNIONSTORE d 2 z y;"
                + "ZINTERSTORE d 2 z y;ZINTERSTORE d 2 z y;ZDIFFSTORE d 2 z y;"
                + "ZRANGESTORE e z 0 -1;ZRANGESTORE e z 5 6;ZRANGESTORE e z 5 6;"
                + "ZUNIONSTORE z 1 zz")
        .are(
            "new z, zadd z, new y, zadd y, new d, zunionstore d, zunionstore d, del d, "
                + "new d, zdiffstore d, new e, zrangestore e, del e, keymiss zz, del z");
    events
        .of(
            "ZSCORE zz a;ZRANK zz a;ZCARD zz;ZRANGE zz 0 1;ZCOUNT zz 0 1;ZMSCORE zz a;"
                + "ZRANGEBYSCORE zz 0 1;ZREVRANGE zz 0 1;ZLEXCOUNT zz - +;ZUNION 1 zz;"
                + "ZINTERCARD 1 zz;ZDIFF 1 zz;ZRANDMEMBER zz;ZSCAN zz 0")
        .are(
            "keymiss zz, keymiss zz, keymiss zz, keymiss zz, keymiss zz, keymiss zz, "
                + "keymiss zz, keymiss zz, keymiss zz, keymiss zz, keymiss zz, keymiss zz, "
                + "keymiss zz, keymiss zz");
    events
        .of("ZADD z 1 a 2 b;ZREMRANGEBYRANK z 0 -1")
        .are("new z, zadd z, zremrangebyrank z, del z");
    events
        .of(
            "GEOADD g 1 1 a;GEOADD g 1 1 a;GEOADD g 2 2 a;GEODIST g a b;GEOPOS zz a;"
                + "GEOHASH zz a;GEOSEARCH zz FROMLONLAT 1 1 BYRADIUS 1 km;"
                + "GEOSEARCHSTORE d g FROMLONLAT 2 2 BYRADIUS 1 km;"
                + "GEOSEARCHSTORE d g FROMLONLAT 50 50 BYRADIUS 1 km;"
                + "GEOSEARCHSTORE d g FROMLONLAT 50 50 BYRADIUS 1 km;"
                + "GEORADIUS g 2 2 1 km STORE d;GEOSEARCHSTORE d zz FROMLONLAT 2 2 BYRADIUS 1 km")
        .are(
            "new g, zadd g, zadd g, keymiss zz, keymiss zz, keymiss zz, new d, "
                + "geosearchstore d, del d, new d, georadiusstore d, keymiss zz, del d");
  }

  @CommandTest
  void streamsTellAsRedisDoes(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events
        .of(
            "XADD s 1-1 a b;XADD s 2-1 a b;XADD s MAXLEN 1 3-1 a b;XLEN s;XLEN zz;"
                + "XDEL s 3-1;XDEL s 3-1;XADD s 4-1 a b;XTRIM s MAXLEN 0;XTRIM s MAXLEN 0;"
                + "XSETID s 9-1;XRANGE zz - +;XADD zz NOMKSTREAM * a b")
        .are(
            "new s, xadd s, xadd s, xadd s, xtrim s, keymiss zz, xdel s, xadd s, xtrim s, "
                + "xsetid s, keymiss zz");
  }

  @Since(valkey = "8.0.0")
  @CommandTest
  void whatWouldExpireAtOnceIsNotSet(TestClient client, TestServer server) {
    Events events = new Events(client, server);
    events.of("SET a 1 PXAT 1;SET b 1;SET b 1 EXAT 1;GET b").are("new b, set b, del b, keymiss b");
  }

  @CommandTest
  void bothChannelsAreToldTheKeyFirst(TestClient client, TestServer server) {
    server.config("notify-keyspace-events", "KE$");
    TestClient listener = server.client();
    listener.call("PSUBSCRIBE", "*").isList("psubscribe", "*", 1);
    client.ok("SELECT", "2");
    client.call("RPUSH", "l", "a").is(1);
    client.ok("SET", "k", "v", "EX", "100");
    listener.receive().isList("pmessage", "*", "__keyspace@2__:k", "set");
    listener.receive().isList("pmessage", "*", "__keyevent@2__:set", "k");
    server.config("notify-keyspace-events", "Kl");
    client.ok("SET", "k", "v");
    client.call("RPUSH", "l", "a").is(2);
    listener.receive().isList("pmessage", "*", "__keyspace@2__:l", "rpush");
    server.config("notify-keyspace-events", "A");
    client.ok("SET", "k", "v");
    server.config("notify-keyspace-events", "");
    client.ok("SET", "k", "v");
    client.call("PUBLISH", "done", "").is(1);
    listener.receive().isList("pmessage", "*", "done", "");
  }

  @CommandTest
  void keysThatExpireOrAreEvictedAreTold(TestClient client, TestServer server) {
    server.config("notify-keyspace-events", "Exe");
    TestClient listener = server.client();
    listener.call("PSUBSCRIBE", "*").isList("psubscribe", "*", 1);
    client.ok("SET", "k", "v", "PX", "10");
    listener.receive().isList("pmessage", "*", "__keyevent@0__:expired", "k");
    client.ok("SET", "k", "v");
    server.config("maxmemory-policy", "allkeys-random");
    server.config("maxmemory", "1");
    listener.receive().isList("pmessage", "*", "__keyevent@0__:evicted", "k");
  }

  @CommandTest
  void aTransactionTellsWhileItIsCarriedOut(TestServer server) {
    server.config("notify-keyspace-events", "Eg$");
    TestClient client = server.client();
    TestClient listener = server.client();
    listener.call("SUBSCRIBE", "__keyevent@0__:set").isList("subscribe", "__keyevent@0__:set", 1);
    client.ok("MULTI");
    client.call("SET", "a", "1").isQueued();
    client.call("PUBLISH", "__keyevent@0__:set", "own").isQueued();
    client.call("SET", "b", "1").isQueued();
    client.call("EXEC");
    listener.receive().isList("message", "__keyevent@0__:set", "a");
    listener.receive().isList("message", "__keyevent@0__:set", "own");
    listener.receive().isList("message", "__keyevent@0__:set", "b");
  }

  @CommandTest
  void aSetThatSmoveMakesIsToldOfOnceTheMemberHasLeft(TestClient client, TestServer server) {
    new Events(client, server)
        .of("SADD a 1 2;SMOVE a b 1;SMOVE a c 2;SMOVE zz y 1;SMOVE b b 1")
        .are("new a, sadd a, srem a, new b, sadd b, srem a, del a, new c, sadd c");
  }
}
