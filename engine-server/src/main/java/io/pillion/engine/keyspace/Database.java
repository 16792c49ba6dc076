package io.pillion.engine.keyspace;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Lease;

/**
 * One numbered database: keys, what they hold, when they expire, and who waits for them. Used under
 * the engine lock.
 *
 * <p>A record is an address in the arena; it is void as soon as another key is written or its own
 * is resized, expired or deleted, except where a method says that it returns the new one.
 */
public final class Database {
  /** No deadline: the key stays. */
  public static final long NEVER = -1;

  private final Keyspace keyspace;
  private final Arena arena;
  private final int number;
  private final Eviction eviction;
  private final KeyExpiry expiry;
  private final FieldExpiry fieldExpiry;
  private final AwaitedKeys awaitedKeys = new AwaitedKeys();
  private KeyIndex index;
  private int cutNumber;

  Database(Keyspace keyspace, int number) {
    this.keyspace = keyspace;
    this.arena = keyspace.arena();
    this.number = number;
    eviction = keyspace.eviction();
    expiry = new KeyExpiry(keyspace);
    fieldExpiry = new FieldExpiry(keyspace, this);
    index = newIndex();
  }

  private KeyIndex newIndex() {
    return new KeyIndex(arena, keyspace.hashSeed());
  }

  private long root(long record) {
    return arena.getLong(KeyRecord.rootCell(arena, record));
  }

  /** Its number, by which SELECT knows it. */
  public int number() {
    return number;
  }

  /** The number that what it holds had when the last cut of a snapshot began: see SWAPDB. */
  public int cutNumber() {
    return cutNumber;
  }

  void cutNumber(int newNumber) {
    cutNumber = newNumber;
  }

  /** Lets no record seem to have been taken down by a snapshot to come. O(keys). */
  void forgetEpochs() {
    index.scan(0, Integer.MAX_VALUE, record -> KeyRecord.epoch(arena, record, 0));
  }

  /** How many keys there are, those included whose time has come but who are not gone yet. */
  public long size() {
    return index.size();
  }

  /** Makes room for so many keys, if there are none yet: they are added faster then. */
  public void reserve(long keys) {
    index.reserve(keys);
  }

  /** How many bytes the way from keys to records takes. O(n) in segments of some 400 keys. */
  public long indexBytes() {
    return index.bytes();
  }

  /** The keys that have a time to live. */
  public KeyExpiry expiry() {
    return expiry;
  }

  /** The hashes that have fields with a time to live. */
  public FieldExpiry fieldExpiry() {
    return fieldExpiry;
  }

  /** The keys that somebody waits for. */
  public AwaitedKeys awaitedKeys() {
    return awaitedKeys;
  }

  // --- finding

  /**
   * The record of a key, or 0. Counts as a use of the key, and removes it when its time has come.
   */
  public long find(Bytes key) {
    long hash = index.hash(key);
    long record = index.find(key, hash);
    if (record == 0) {
      return 0;
    }
    if (hasExpired(record)) {
      expire(record, key, hash);
      return 0;
    }
    keyspace.found(this, record);
    eviction.use(record);
    return record;
  }

  /** As {@link #find}, without counting as a use. */
  public long peek(Bytes key) {
    long hash = index.hash(key);
    long record = index.find(key, hash);
    if (record != 0) {
      if (hasExpired(record)) {
        expire(record, key, hash);
        return 0;
      }
      keyspace.found(this, record);
    }
    return record;
  }

  /** Whether the key is there, even if its time has come; removes nothing. */
  public boolean isStored(Bytes key) {
    return stored(key) != 0;
  }

  /** The record of a key, even if its time has come, or 0; removes nothing. */
  public long stored(Bytes key) {
    return index.find(key, index.hash(key));
  }

  /** Whether the key is still there although its time has come; removes nothing. */
  public boolean isStale(Bytes key) {
    long record = index.find(key, index.hash(key));
    return record != 0 && hasExpired(record);
  }

  /** What a record holds. */
  public ValueType type(long record) {
    return KeyRecord.type(arena, record);
  }

  /** The key of a record, as a copy. */
  public Bytes key(long record) {
    return Bytes.of(
        arena.toByteArray(KeyRecord.keyAddress(arena, record), KeyRecord.keyLength(arena, record)));
  }

  /** Where the bytes of a key begin. */
  public long keyAddress(long record) {
    return KeyRecord.keyAddress(arena, record);
  }

  /** How many bytes a key has. */
  public int keyLength(long record) {
    return KeyRecord.keyLength(arena, record);
  }

  /** Where the root word of a collection is: what its flyweight is made on. */
  public long rootCell(long record) {
    return KeyRecord.rootCell(arena, record);
  }

  /** Where the bytes of a string begin. */
  public long stringAddress(long record) {
    return KeyRecord.valueAddress(arena, record);
  }

  /**
   * Where the bytes of a string begin, for somebody who is about to change some of those that it
   * has had all along. Who only adds to them needs {@link #stringAddress}. The record may move.
   */
  public long writableString(long record) {
    keyspace.beforeChange(this, record);
    keyspace.beforeStringChange(record);
    return stringAddress(unshared(record));
  }

  /** The record, or a copy that takes its place when its bytes are read outside the lock. */
  private long unshared(long record) {
    if (!keyspace.isLeased(record)) {
      return record;
    }
    long moved = arena.allocate(arena.capacity(record));
    arena.copy(
        record, moved, KeyRecord.sizeWith(arena, record, KeyRecord.valueLength(arena, record)));
    replace(hash(record), record, moved);
    return moved;
  }

  /** How many bytes a string has. */
  public int stringLength(long record) {
    return KeyRecord.valueLength(arena, record);
  }

  /**
   * Whether a string was changed in place, so that its encoding is {@code raw} whatever it holds.
   */
  public boolean isRaw(long record) {
    return KeyRecord.hasFlag(arena, record, KeyRecord.FLAG_RAW);
  }

  /**
   * All bytes that a key takes with its value, however large; its place in the index is not
   * counted. O(n) in the blocks of a collection.
   */
  public long bytesOf(long record) {
    long bytes = recordBytes(record);
    ValueType type = type(record);
    if (type != ValueType.STRING) {
      long root = root(record);
      bytes += arena.wouldFree(() -> Values.free(arena, type, root));
    }
    return bytes;
  }

  /** The bytes that the record itself takes, without the pages of a large collection. */
  public long recordBytes(long record) {
    return arena.capacity(record);
  }

  // --- writing

  /**
   * Sets a key to a string, whatever it held before.
   *
   * @param deadline Unix milliseconds, or {@link #NEVER}
   */
  public void setString(Bytes key, Bytes value, long deadline) {
    long hash = index.hash(key);
    long old = index.find(key, hash);
    if (old != 0) {
      keyspace.beforeChange(this, old);
    }
    if (old != 0 && hasRoom(old, value, deadline)) {
      write(old, value, deadline);
      return;
    }
    enter(hash, newString(key, value, deadline), old, deadline);
  }

  /**
   * As {@link #setString(Bytes, Bytes, long)}, with a value that was received into a lease: where
   * it is to stay, if that was made for this key ({@link Keyspace#leaseForString}).
   */
  public void setString(Bytes key, Lease value, long deadline) {
    long hash = index.hash(key);
    long old = index.find(key, hash);
    boolean expiring = deadline != NEVER;
    if (expiring) {
      expiry.reserve();
    }
    long record;
    if (value.address() - value.block() == KeyRecord.wideKeyOffset() + key.length()) {
      record = value.block();
      arena.adopt(value);
      initialize(record, ValueType.STRING, key, value.length(), expiring);
      KeyRecord.setFlag(arena, record, KeyRecord.FLAG_WIDE, true);
      arena.copyIn(KeyRecord.keyAddress(arena, record), key);
    } else {
      record = newRecord(ValueType.STRING, key, value.length(), expiring);
      arena.copy(value.address(), KeyRecord.valueAddress(arena, record), value.length());
    }
    enter(hash, record, old, deadline);
  }

  /**
   * Sets a key to a string if it is not there, even with its time come: else nothing happens.
   *
   * @param hash the key's {@link #hash}
   * @return whether it was added
   */
  public boolean addString(Bytes key, long hash, Bytes value, long deadline) {
    if (index.find(key, hash) != 0) {
      return false;
    }
    enter(hash, newString(key, value, deadline), /* old= */ 0, deadline);
    return true;
  }

  /**
   * Makes a key hold a string of so many undefined bytes, whatever it held before; it has no
   * deadline.
   *
   * @return the record
   */
  public long setStringOfLength(Bytes key, int length) {
    long hash = index.hash(key);
    long old = index.find(key, hash);
    long record = newRecord(ValueType.STRING, key, length, /* expiring= */ false);
    KeyRecord.setFlag(arena, record, KeyRecord.FLAG_RAW, true);
    enter(hash, record, old, NEVER);
    return record;
  }

  /** Whether a record has room for a string, so that setting it takes no memory. */
  boolean hasRoom(long record, Bytes value, long deadline) {
    if (!KeyRecord.isString(arena, record)
        || KeyRecord.isExpiring(arena, record) != (deadline != NEVER)) {
      return false;
    }
    long size = KeyRecord.sizeWith(arena, record, value.length());
    long capacity = arena.capacity(record);
    return size <= capacity
        && (size >= capacity / 2 || capacity <= 64)
        && !keyspace.isBetterReplaced(record);
  }

  private void write(long record, Bytes value, long deadline) {
    KeyRecord.valueLength(arena, record, value.length());
    KeyRecord.setFlag(arena, record, KeyRecord.FLAG_RAW, false);
    arena.copyIn(KeyRecord.valueAddress(arena, record), value);
    eviction.use(record);
    if (deadline != NEVER) {
      expiry.restart(record, deadline);
    }
  }

  // --- strings that are set together: see StringBatch

  /** The hash of a key, the same in all databases of an engine, and as long as it runs. */
  public long hash(Bytes key) {
    return index.hash(key);
  }

  /**
   * Looks at where a key with this hash would be found. The looks of several, one right after the
   * other, wait for memory all at once; who then looks for the keys themselves does not wait.
   *
   * @return a number that means nothing, to be used so that the look is not left out
   */
  public long approach(long hash) {
    return index.approach(hash);
  }

  long stored(Bytes key, long hash) {
    return index.find(key, hash);
  }

  /** Makes a record for a string that no key leads to yet. */
  long prepareString(Bytes key, Bytes value, long deadline) {
    long record = newString(key, value, deadline);
    if (deadline != NEVER) {
      expiry.start(record, deadline);
    }
    return record;
  }

  /** Lets a key that is not there lead to its prepared record, without telling anybody. */
  void insertPrepared(long hash, long record) {
    index.insert(hash, record);
  }

  /** Gives a prepared record back. */
  void withdrawPrepared(long hash, long record, boolean inserted) {
    if (inserted) {
      index.remove(hash, record);
    }
    freeRecord(record, /* lazily= */ false);
  }

  /** Lets a key lead to its prepared record in place of the one that is there. */
  void replacePrepared(long hash, long old, long record) {
    keyspace.beforeChange(this, old);
    index.moved(hash, old, record);
    freeRecord(old, keyspace.settings().lazyReplace);
  }

  /** Sets a string whose record has room. */
  void setInPlace(long record, Bytes value, long deadline) {
    keyspace.beforeChange(this, record);
    write(record, value, deadline);
  }

  /**
   * Gives a string another length, keeping what fits; new bytes at the end are undefined. After
   * that {@link #writableString} needs no memory.
   *
   * @param growing whether more is likely to follow, so that room is left for it
   * @return the record, which may have moved
   */
  public long resizeString(long record, int length, boolean growing) {
    int oldLength = KeyRecord.valueLength(arena, record);
    long size = KeyRecord.sizeWith(arena, record, length);
    // A string that does not grow fits; a counter rarely does, and need not look at its block.
    boolean fits = length <= oldLength || size <= arena.capacity(record);
    if (!fits || keyspace.isLeased(record)) {
      long hash = hash(record);
      long room = growing ? size + Math.min(size, 1 << 20) : size;
      long moved = arena.allocate(room);
      arena.copy(record, moved, KeyRecord.sizeWith(arena, record, Math.min(oldLength, length)));
      replace(hash, record, moved);
      record = moved;
    } else if (length < oldLength) {
      // What is cut off may be written to when it grows again.
      keyspace.beforeStringChange(record);
    }
    KeyRecord.valueLength(arena, record, length);
    KeyRecord.setFlag(arena, record, KeyRecord.FLAG_RAW, true);
    return record;
  }

  /** Says whether the string is still one that was set whole ({@code int} or {@code embstr}). */
  public void setRaw(long record, boolean raw) {
    KeyRecord.setFlag(arena, record, KeyRecord.FLAG_RAW, raw);
  }

  /**
   * Makes a key hold a collection, whatever it held before; it has no deadline.
   *
   * @param root the collection's root block, owned by the key from now on
   * @return the record
   */
  public long setCollection(Bytes key, ValueType type, long root) {
    return setCollection(key, type, root, NEVER);
  }

  /**
   * Makes a key that is not there hold a collection, without telling that it came to be: see {@link
   * #announce}.
   *
   * @param root the collection's root block, owned by the key from now on
   * @return the record
   */
  public long addCollection(Bytes key, ValueType type, long root) {
    long record = newRecord(type, key, 0, /* expiring= */ false);
    arena.putLong(KeyRecord.rootCell(arena, record), root);
    insert(index.hash(key), record);
    return record;
  }

  /** Tells that a key has come to be. */
  public void announce(Bytes key) {
    announce(stored(key));
  }

  void announce(long record) {
    keyspace.listener().onNew(this, record);
  }

  /**
   * As {@link #setCollection(Bytes, ValueType, long)}, with a deadline.
   *
   * @param deadline Unix milliseconds, or {@link #NEVER}
   */
  public long setCollection(Bytes key, ValueType type, long root, long deadline) {
    long hash = index.hash(key);
    return setCollection(hash, index.find(key, hash), key, type, root, deadline);
  }

  /**
   * As {@link #setCollection(Bytes, ValueType, long, long)} if the key is not there, even with its
   * time come: else nothing happens.
   *
   * @param hash the key's {@link #hash}
   * @return whether it was added
   */
  public boolean addCollection(Bytes key, long hash, ValueType type, long root, long deadline) {
    if (index.find(key, hash) != 0) {
      return false;
    }
    setCollection(hash, /* old= */ 0, key, type, root, deadline);
    return true;
  }

  private long setCollection(
      long hash, long old, Bytes key, ValueType type, long root, long deadline) {
    boolean expiring = deadline != NEVER;
    if (expiring) {
      expiry.reserve();
    }
    boolean fieldsExpire = type == ValueType.HASH && HashValue.mayExpire(arena, root);
    if (fieldsExpire) {
      fieldExpiry.reserve();
    }
    long record = newRecord(type, key, 0, expiring);
    arena.putLong(KeyRecord.rootCell(arena, record), root);
    enter(hash, record, old, deadline);
    if (fieldsExpire) {
      fieldExpiry.changed(record);
    }
    return record;
  }

  /** Removes a key; true when it was there. The caller tells the listeners. */
  public boolean delete(Bytes key) {
    return delete(key, keyspace.settings().lazyReplace);
  }

  /**
   * As {@link #delete(Bytes)}.
   *
   * @param lazily whether the memory of a large value may be given back bit by bit
   */
  public boolean delete(Bytes key, boolean lazily) {
    long hash = index.hash(key);
    long record = index.find(key, hash);
    if (record == 0) {
      return false;
    }
    if (hasExpired(record)) {
      expire(record, key, hash);
      return false;
    }
    remove(hash, record, lazily);
    return true;
  }

  /**
   * Moves what a key holds, with its deadline, to another key, here or in another database,
   * replacing what that held.
   */
  public void move(Bytes from, Database target, Bytes to) {
    long hash = index.hash(from);
    long record = index.find(from, hash);
    if (record == 0) {
      throw new IllegalArgumentException("no such key");
    }
    keyspace.beforeChange(this, record);
    long deadline = deadline(record);
    boolean expiring = deadline != NEVER;
    ValueType type = KeyRecord.type(arena, record);
    int valueLength = KeyRecord.valueLength(arena, record);
    if (expiring) {
      target.expiry.reserve();
    }
    boolean fieldsExpire = fieldExpiry.has(record);
    if (fieldsExpire) {
      target.fieldExpiry.reserve();
    }
    long moved = target.newRecord(type, to, valueLength, expiring);
    KeyRecord.clock(arena, moved, KeyRecord.clock(arena, record));
    KeyRecord.setFlag(
        arena, moved, KeyRecord.FLAG_RAW, KeyRecord.hasFlag(arena, record, KeyRecord.FLAG_RAW));
    if (type == ValueType.STRING) {
      arena.copy(
          KeyRecord.valueAddress(arena, record), KeyRecord.valueAddress(arena, moved), valueLength);
    } else {
      arena.putLong(KeyRecord.rootCell(arena, moved), root(record));
    }
    // Entered before the old one is taken out: the index may lack the memory to grow.
    long targetHash = target.index.hash(to);
    long replaced = target.index.find(to, targetHash);
    target.enter(targetHash, moved, replaced, deadline);
    if (replaced != 0) {
      keyspace.listener().onNew(target, moved);
    }
    index.remove(hash, record);
    if (expiring) {
      expiry.stop(record);
    }
    if (fieldsExpire) {
      target.fieldExpiry.moveFrom(fieldExpiry, moved);
    }
    keyspace.free(record);
  }

  /** Copies what a key holds, with its deadline, to another key, replacing what that held. */
  public void copy(Bytes from, Database target, Bytes to) {
    long record = index.find(from, index.hash(from));
    if (record == 0) {
      throw new IllegalArgumentException("no such key");
    }
    boolean replaces = target.isStored(to);
    copy(record, target, to);
    if (replaces) {
      keyspace.listener().onNew(target, target.index.find(to, target.index.hash(to)));
    }
  }

  private void copy(long record, Database target, Bytes to) {
    long deadline = deadline(record);
    if (KeyRecord.isString(arena, record)) {
      boolean raw = isRaw(record);
      target.setString(
          to, Bytes.of(arena.toByteArray(stringAddress(record), stringLength(record))), deadline);
      target.setRaw(target.peek(to), raw);
      return;
    }
    ValueType type = KeyRecord.type(arena, record);
    long root = Values.copy(arena, type, root(record), keyspace.settings().types);
    try {
      target.setCollection(to, type, root, deadline);
    } catch (RuntimeException e) {
      Values.free(arena, type, root);
      throw e;
    }
  }

  // --- expiry

  /** When a key leaves, in Unix milliseconds, or {@link #NEVER}. */
  public long deadline(long record) {
    return KeyRecord.isExpiring(arena, record) ? KeyRecord.deadline(arena, record) : NEVER;
  }

  /**
   * Says when a key leaves.
   *
   * @param deadline Unix milliseconds, or {@link #NEVER} to let it stay
   * @return the record, which may have moved
   */
  public long expireAt(long record, long deadline) {
    boolean expiring = deadline != NEVER;
    if (KeyRecord.isExpiring(arena, record) == expiring) {
      if (expiring) {
        expiry.restart(record, deadline);
      }
      return record;
    }
    if (expiring) {
      expiry.reserve();
    }
    if (KeyRecord.hasFlag(arena, record, KeyRecord.FLAG_WIDE)) {
      KeyRecord.setFlag(arena, record, KeyRecord.FLAG_EXPIRING, expiring);
      if (expiring) {
        expiry.start(record, deadline);
      } else {
        expiry.stop(record);
      }
      return record;
    }
    long hash = hash(record);
    boolean string = KeyRecord.isString(arena, record);
    int keyLength = KeyRecord.keyLength(arena, record);
    int valueLength = KeyRecord.valueLength(arena, record);
    long moved = arena.allocate(KeyRecord.sizeBytes(string, expiring, keyLength, valueLength));
    arena.copy(record, moved, KeyRecord.HEADER);
    KeyRecord.setFlag(arena, moved, KeyRecord.FLAG_EXPIRING, expiring);
    if (!string) {
      arena.putLong(KeyRecord.rootCell(arena, moved), root(record));
    }
    arena.copy(
        KeyRecord.keyAddress(arena, record),
        KeyRecord.keyAddress(arena, moved),
        (long) keyLength + valueLength);
    index.moved(hash, record, moved);
    fieldExpiry.moved(moved);
    if (expiring) {
      expiry.start(moved, deadline);
    } else {
      expiry.stop(record);
    }
    keyspace.free(record);
    return moved;
  }

  /**
   * Removes keys whose time has come.
   *
   * @param most how many at most
   * @return how many were removed
   */
  int expireDue(int most) {
    int removed = 0;
    while (removed < most) {
      long record = expiry.due();
      if (record == 0) {
        break;
      }
      Bytes key = key(record);
      expire(record, key, index.hash(key));
      removed++;
    }
    return removed;
  }

  // --- walking

  /**
   * Visits keys from a cursor on, about as many as asked for, those included whose time has come; a
   * key that stays from the first call to the last is visited at least once. The visitor may remove
   * what it sees.
   *
   * @param cursor 0 to begin
   * @return the next cursor, or 0 at the end
   */
  public long scan(long cursor, int count, KeyVisitor visitor) {
    return index.scan(cursor, count, visitor::visit);
  }

  /** Visits every key; the visitor must not change the database. O(keys). */
  public void forEach(KeyVisitor visitor) {
    index.scan(
        0,
        Integer.MAX_VALUE,
        record -> {
          if (!hasExpired(record)) {
            visitor.visit(record);
          }
        });
  }

  /** The record of some key, each about as likely, or 0 when there are none. */
  public long random() {
    for (int i = 0; i < 100; i++) {
      long record = index.any(keyspace.random());
      if (record == 0 || !hasExpired(record)) {
        return record;
      }
      Bytes key = key(record);
      expire(record, key, index.hash(key));
    }
    return 0;
  }

  long any(long random) {
    return index.any(random);
  }

  // --- inside

  void clear(boolean lazily) {
    if (lazily && index.size() > 0) {
      keyspace.discarded().add(index);
    } else {
      index.scan(
          0,
          Integer.MAX_VALUE,
          record -> {
            freeValue(record, /* lazily= */ false);
            arena.free(record);
          });
      index.free();
    }
    index = newIndex();
    expiry.clear();
    fieldExpiry.clear();
  }

  /** Leaves it empty, and hands out what it held. */
  DetachedKeys detach() {
    DetachedKeys keys = new DetachedKeys(index, keyspace.discarded());
    index = newIndex();
    expiry.clear();
    fieldExpiry.clear();
    return keys;
  }

  /** Starts empty on an arena that has forgotten everything. */
  void renew() {
    index = newIndex();
    expiry.renew();
    fieldExpiry.renew();
  }

  /** Takes over what the other holds, and gives it what this held. */
  void exchange(Database other) {
    KeyIndex keptIndex = index;
    int keptNumber = cutNumber;
    index = other.index;
    cutNumber = other.cutNumber;
    other.index = keptIndex;
    other.cutNumber = keptNumber;
    expiry.exchange(other.expiry);
    fieldExpiry.exchange(other.fieldExpiry);
  }

  void evict(long record) {
    Bytes key = key(record);
    remove(index.hash(key), record, keyspace.settings().lazyEvict);
    keyspace.listener().onEvicted(this, key);
  }

  /** Takes a key out of the index and gives its memory back; tells nobody but the cut. */
  void remove(long hash, long record, boolean lazily) {
    keyspace.beforeChange(this, record);
    index.remove(hash, record);
    freeRecord(record, lazily);
  }

  private boolean hasExpired(long record) {
    return KeyRecord.isExpiring(arena, record)
        && KeyRecord.deadline(arena, record) <= keyspace.now();
  }

  /** Removes a key whose time has come, unless clients are paused: then it is only not found. */
  private void expire(long record, Bytes key, long hash) {
    if (keyspace.isExpiryPaused()) {
      return;
    }
    Bytes kept = key.copy();
    remove(hash, record, keyspace.settings().lazyExpire);
    keyspace.countExpired();
    keyspace.listener().onExpired(this, kept);
  }

  /** A new record for a string, that has room for a deadline if there is one. */
  private long newString(Bytes key, Bytes value, long deadline) {
    boolean expiring = deadline != NEVER;
    if (expiring) {
      expiry.reserve();
    }
    long record = newRecord(ValueType.STRING, key, value.length(), expiring);
    arena.copyIn(KeyRecord.valueAddress(arena, record), value);
    return record;
  }

  private long newRecord(ValueType type, Bytes key, int valueLength, boolean expiring) {
    long record =
        arena.allocate(
            KeyRecord.sizeBytes(type == ValueType.STRING, expiring, key.length(), valueLength));
    initialize(record, type, key, valueLength, expiring);
    arena.copyIn(KeyRecord.keyAddress(arena, record), key);
    return record;
  }

  private void initialize(long record, ValueType type, Bytes key, int length, boolean expiring) {
    KeyRecord.initialize(arena, record, type, expiring, keyspace.epoch(), key.length(), length);
    KeyRecord.clock(arena, record, eviction.initialClock());
  }

  /** Puts a new record into the index, in place of an old one if there is one. */
  private void enter(long hash, long record, long old, long deadline) {
    if (old != 0) {
      keyspace.beforeChange(this, old);
      index.moved(hash, old, record);
      freeRecord(old, keyspace.settings().lazyReplace);
    } else {
      insert(hash, record);
    }
    if (deadline != NEVER) {
      expiry.start(record, deadline);
    }
    if (old == 0) {
      keyspace.listener().onNew(this, record);
    }
  }

  private void insert(long hash, long record) {
    try {
      index.insert(hash, record);
    } catch (RuntimeException e) {
      arena.free(record);
      throw e;
    }
  }

  /** The record has a new address and the old block goes. */
  private void replace(long hash, long from, long to) {
    index.moved(hash, from, to);
    if (KeyRecord.isExpiring(arena, to)) {
      expiry.moved(to);
    }
    keyspace.free(from);
  }

  private long hash(long record) {
    return index.hash(key(record));
  }

  private void freeRecord(long record, boolean lazily) {
    if (KeyRecord.isExpiring(arena, record)) {
      expiry.stop(record);
    }
    fieldExpiry.stop(record);
    freeValue(record, lazily);
    keyspace.free(record);
  }

  private void freeValue(long record, boolean lazily) {
    if (KeyRecord.isString(arena, record)) {
      return;
    }
    ValueType type = KeyRecord.type(arena, record);
    long root = root(record);
    if (keyspace.isRetained(type, root)) {
      return;
    }
    if (lazily && Values.isLarge(arena, type, root)) {
      keyspace.discarded().add(type, root);
    } else {
      Values.free(arena, type, root);
    }
  }

  /** Told of each key's record. */
  @FunctionalInterface
  public interface KeyVisitor {
    /** One key; its record is valid until the database changes. */
    void visit(long record);
  }

  /** The number and size, for logs. */
  @Override
  public String toString() {
    return "db" + number() + " (" + size() + " keys)";
  }
}
