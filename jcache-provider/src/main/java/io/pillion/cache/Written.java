package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.EntryStore.Replaced;
import org.jspecify.annotations.Nullable;

/**
 * What a write did.
 *
 * @param stored false when the value had no time to live and there was none before
 * @param kind null when it is not known, as nobody asked, or nothing was stored
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Written(boolean stored, @Nullable Kind kind, byte @Nullable [] old) {
  static final Written NOTHING = new Written(false, null, null);
  static final Written SOMEHOW = new Written(true, null, null);
  static final Written CREATED = new Written(true, Kind.CREATED, null);

  static Written of(Replaced replaced) {
    return replaced.existed() ? new Written(true, Kind.UPDATED, replaced.old()) : CREATED;
  }
}
