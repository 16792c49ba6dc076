package io.pillion.engine.protocol;

import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where the words of a command are: in a buffer that may move, or in arrays of their own. */
final class WordTable {
  private int[] offsets;
  private int[] lengths;
  private @Nullable Object[] own;

  WordTable(int capacity) {
    offsets = new int[capacity];
    lengths = new int[capacity];
    own = new Object[capacity];
  }

  /** How many words there is room for. */
  int capacity() {
    return offsets.length;
  }

  /** Makes room for twice as many. */
  void grow() {
    int grown = (int) Math.min(2L * offsets.length, Integer.MAX_VALUE - 8);
    offsets = Arrays.copyOf(offsets, grown);
    lengths = Arrays.copyOf(lengths, grown);
    own = Arrays.copyOf(own, grown);
  }

  /** Takes over the first words of another table, which forgets their arrays. */
  void takeOver(WordTable other, int count) {
    System.arraycopy(other.offsets, 0, offsets, 0, count);
    System.arraycopy(other.lengths, 0, lengths, 0, count);
    System.arraycopy(other.own, 0, own, 0, count);
    Arrays.fill(other.own, 0, count, null);
  }

  /**
   * Says where a word is.
   *
   * @param array the array that is its own, or null: it lies in the buffer
   */
  void set(int index, int offset, int length, byte @Nullable [] array) {
    offsets[index] = offset;
    lengths[index] = length;
    own[index] = array;
  }

  /** Says that a word lies outside the heap. */
  void set(int index, LargeWord word) {
    own[index] = word;
  }

  /** How long a word is that lies in the buffer or an array. */
  int length(int index) {
    return lengths[index];
  }

  /**
   * Appends the words to a command, and forgets what is their own.
   *
   * @param arrays receives the arrays that are words' own
   * @param larges receives the words outside the heap
   */
  void moveTo(
      Args args,
      int count,
      byte[] buffer,
      int start,
      ArrayDeque<byte[]> arrays,
      ArrayDeque<LargeWord> larges) {
    for (int i = 0; i < count; i++) {
      Object what = own[i];
      if (what == null) {
        args.add(buffer, start + offsets[i], lengths[i]);
      } else if (what instanceof LargeWord word) {
        args.add(word);
        larges.addLast(word);
        own[i] = null;
      } else {
        byte[] array = (byte[]) what;
        args.add(array, 0, lengths[i]);
        arrays.addLast(array);
        own[i] = null;
      }
    }
  }

  /** Gives up the words outside the heap, of a command that will not be carried out. */
  void release(int count) {
    for (int i = 0; i < count; i++) {
      if (own[i] instanceof LargeWord word) {
        word.release();
        own[i] = null;
      }
    }
  }
}
