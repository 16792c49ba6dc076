<?php
// phpredis against a server: HOST PORT. Types, pipelines, transactions, scripts, streams, sessions.
[$host, $port] = [$argv[1], (int) $argv[2]];
ini_set('assert.exception', '1');
function same($expected, $actual): void {
    if ($expected != $actual) {
        throw new Exception('expected ' . var_export($expected, true) . ', got ' . var_export($actual, true));
    }
}
$r = new Redis();
$r->connect($host, $port, 2.0);
$r->flushAll();
same(true, $r->set('s', 'v', ['nx', 'ex' => 100]));
same('v', $r->get('s'));
same(2, $r->hMSet('h', ['a' => 1, 'b' => 2]) ? $r->hLen('h') : 0);
same(['a' => '1', 'b' => '2'], $r->hGetAll('h'));
$r->zAdd('z', 1.5, 'a', 2, 'b');
same(['a' => 1.5, 'b' => 2.0], $r->zRange('z', 0, -1, true));
same(['b' => 2.0, 'a' => 1.5], $r->zRevRange('z', 0, -1, true));
$r->rPush('l', '3', '1', '2');
same(['1', '2', '3'], $r->sort('l'));
same([true, 2], $r->multi()->set('t', 1)->incr('t')->exec());
same([true, 3], $r->pipeline()->set('t2', 1)->incr('t')->exec());
same([1, 'x'], $r->eval("return {#KEYS, ARGV[1]}", ['k', 'x'], 1));
$id = $r->xAdd('st', '*', ['f' => 'v']);
$r->xGroup('CREATE', 'st', 'g', '0');
same(['st' => [$id => ['f' => 'v']]], $r->xReadGroup('g', 'c', ['st' => '>'], 1));
same(1, $r->xAck('st', 'g', [$id]));
$cursor = null;
$keys = [];
$r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
while (($page = $r->scan($cursor)) !== false) {
    array_push($keys, ...$page);
}
same((int) $r->dbSize(), count(array_unique($keys)));
$copy = $r->dump('h');
same(true, $r->restore('h2', 0, $copy));
same(['a' => '1', 'b' => '2'], $r->hGetAll('h2'));
same('hash', ['none', 'string', 'set', 'list', 'zset', 'hash', 'stream'][$r->type('h')]);

// PHP's own sessions, locked while a request runs.
ini_set('session.save_handler', 'redis');
ini_set('session.save_path', "tcp://$host:$port?prefix=sess:");
ini_set('redis.session.locking_enabled', '1');
ini_set('session.use_cookies', '0');
session_id('trial');
session_start();
$_SESSION['cart'] = ['pen' => 2];
session_write_close();
$_SESSION = [];
session_id('trial');
session_start();
same(['pen' => 2], $_SESSION['cart']);
session_destroy();
$r->flushAll();
echo 'phpredis ' . phpversion('redis') . ": all as expected\n";
