package io.pillion.engine.command;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Numbers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The fingerprint of data that DEBUG DIGEST answers, so made that two servers with the same data
 * agree whatever order they keep them in, and Redis agrees too.
 *
 * <p>What has an order is <i>mixed</i> in: the fingerprint so far and the SHA-1 of the bytes are
 * combined by exclusive or, and hashed again. What has none (keys, members of sets, fields of
 * hashes, members of sorted sets) is only combined.
 */
final class Digest {
  private static final byte[] HAS_DEADLINE = "!!expire!!".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] FIELD_HAS_DEADLINE =
      "!!hexpire!!".getBytes(StandardCharsets.US_ASCII);

  private final Keyspace keyspace;
  private final MessageDigest sha1;

  Digest(Keyspace keyspace) {
    this.keyspace = keyspace;
    try {
      sha1 = MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-1", e);
    }
  }

  /** Of all databases, in hexadecimal; forty zeros when there is no key. */
  String ofEverything() {
    byte[] all = new byte[20];
    for (int i = 0; i < keyspace.databaseCount(); i++) {
      Database database = keyspace.database(i);
      if (database.size() > 0) {
        mix(all, number(i));
        database.forEach(
            record -> {
              byte[] one = new byte[20];
              mix(one, database.key(record).toByteArray());
              addValue(one, database, record);
              add(all, one);
            });
      }
    }
    return HexFormat.of().formatHex(all);
  }

  /** Of what one key holds, in hexadecimal; forty zeros when there is no such key. */
  String ofValue(Database database, Bytes key) {
    byte[] value = new byte[20];
    long record = database.peek(key);
    if (record != 0) {
      addValue(value, database, record);
    }
    return HexFormat.of().formatHex(value);
  }

  private void addValue(byte[] digest, Database database, long record) {
    Arena arena = keyspace.arena();
    TypeLimits limits = keyspace.settings().types;
    mix(digest, number(database.type(record).code()));
    switch (database.type(record)) {
      case STRING ->
          mix(
              digest,
              arena.toByteArray(database.stringAddress(record), database.stringLength(record)));
      case LIST -> {
        ListValue.Elements elements =
            new ListValue(arena, database.rootCell(record), limits)
                .elements(0, /* reverse= */ false);
        while (elements.next()) {
          mix(digest, elements.toBytes().toByteArray());
        }
      }
      case HASH -> {
        HashValue.Entries entries =
            new HashValue(arena, database.rootCell(record), limits).asOf(keyspace.now()).entries();
        while (entries.next()) {
          byte[] entry = new byte[20];
          mix(entry, entries.field().toByteArray());
          mix(entry, entries.value().toByteArray());
          if (entries.deadline() != HashValue.NEVER) {
            add(entry, FIELD_HAS_DEADLINE);
          }
          add(digest, entry);
        }
      }
      case ZSET -> {
        SortedSetValue.Entries entries =
            new SortedSetValue(arena, database.rootCell(record), limits)
                .byRank(0, /* reverse= */ false);
        while (entries.next()) {
          byte[] entry = new byte[20];
          mix(entry, entries.member().toByteArray());
          mix(entry, Numbers.format(entries.score()).getBytes(StandardCharsets.US_ASCII));
          add(digest, entry);
        }
      }
      case SET -> {
        SetValue.Members members = new SetValue(arena, database.rootCell(record), limits).members();
        while (members.next()) {
          add(digest, members.member().bytes().toByteArray());
        }
      }
      case STREAM -> addEntries(digest, new StreamValue(arena, database.rootCell(record), limits));
    }
    if (database.deadline(record) != Database.NEVER) {
      add(digest, HAS_DEADLINE);
    }
  }

  private void addEntries(byte[] digest, StreamValue stream) {
    StreamValue.Entries entries = stream.entries();
    while (entries.next()) {
      StreamId id = entries.id();
      String text = Long.toUnsignedString(id.ms()) + "." + Long.toUnsignedString(id.seq());
      mix(digest, text.getBytes(StandardCharsets.US_ASCII));
      while (entries.nextField()) {
        mix(digest, entries.field().toByteArray());
        mix(digest, entries.value().toByteArray());
      }
    }
  }

  private static byte[] number(int value) {
    return ByteBuffer.allocate(4).putInt(value).array();
  }

  private void add(byte[] digest, byte[] bytes) {
    byte[] hash = sha1.digest(bytes);
    for (int i = 0; i < digest.length; i++) {
      digest[i] ^= hash[i];
    }
  }

  private void mix(byte[] digest, byte[] bytes) {
    add(digest, bytes);
    System.arraycopy(sha1.digest(digest), 0, digest, 0, digest.length);
  }
}
