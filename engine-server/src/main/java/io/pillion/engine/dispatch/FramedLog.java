package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import java.nio.charset.StandardCharsets;

/**
 * Effects as an append-only file and those who follow have them: commands in RESP, a SELECT before
 * what is for another database, MULTI and EXEC around what belongs together. Where the bytes go,
 * and what becomes of an effect for which there is no memory, is the business of who extends it.
 */
public abstract class FramedLog implements CommandLog {
  private static final byte[] SELECT = ascii("*2\r\n$6\r\nSELECT\r\n");
  private static final byte[] MULTI = ascii("*1\r\n$5\r\nMULTI\r\n");
  private static final byte[] EXEC = ascii("*1\r\n$4\r\nEXEC\r\n");

  private int selected = -1;
  private boolean multiDue;
  private boolean inMulti;

  /** A log that has selected no database. */
  protected FramedLog() {}

  /** The bytes of a text that has no others than those of ASCII. */
  protected static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  // --- where it goes

  /** Appends {@code *3} or {@code $5} and the end of a line. */
  protected abstract void putNumber(char sign, int number);

  /** Appends a word with its length. */
  protected abstract void put(Bytes word);

  /** Appends bytes as they are. */
  protected abstract void put(byte[] bytes, int offset, int length);

  /** An effect is about to be appended. Does nothing unless overridden. */
  protected void effectBegins() {}

  /** What was appended so far is whole. */
  protected abstract void effectEnds();

  /**
   * Half an effect was appended, for want of memory. Calls {@link #forgetFrame} when what follows
   * begins anew.
   */
  protected abstract void tear();

  // --- how it is framed

  @Override
  public final boolean isOn() {
    return true;
  }

  @Override
  public final void append(int database, Bytes[] words) {
    try {
      begin(database, words.length);
      for (Bytes word : words) {
        put(word);
      }
      effectEnds();
    } catch (OutOfMemoryError e) {
      tear();
    }
  }

  @Override
  public final void append(int database, Args words) {
    try {
      begin(database, words.count());
      for (int i = 0; i < words.count(); i++) {
        put(words.get(i));
      }
      effectEnds();
    } catch (OutOfMemoryError e) {
      tear();
    }
  }

  private void begin(int database, int words) {
    effectBegins();
    if (multiDue) {
      multiDue = false;
      inMulti = true;
      put(MULTI, 0, MULTI.length);
    }
    if (database != selected) {
      selected = database;
      put(SELECT, 0, SELECT.length);
      put(Bytes.of(database));
    }
    putNumber('*', words);
  }

  @Override
  public final void begin() {
    multiDue = true;
  }

  @Override
  public final void end() {
    multiDue = false;
    if (inMulti) {
      inMulti = false;
      try {
        put(EXEC, 0, EXEC.length);
        effectEnds();
      } catch (OutOfMemoryError e) {
        tear();
      }
    }
  }

  /** Whether a MULTI was appended, and its EXEC was not. */
  protected final boolean isInMulti() {
    return inMulti;
  }

  /** The database that what follows is for unless it says otherwise; 0 when it will say. */
  public final int selected() {
    return Math.max(0, selected);
  }

  /** Somebody begins here who has selected no database. */
  public final void deselect() {
    selected = -1;
  }

  /** What follows comes after nothing. */
  protected final void forgetFrame() {
    multiDue = false;
    inMulti = false;
    selected = -1;
  }
}
