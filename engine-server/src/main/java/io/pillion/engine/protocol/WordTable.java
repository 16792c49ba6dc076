package io.pillion.engine.protocol;

import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where the words of a command are: in a buffer that may move, or in arrays of their own. */
final class WordTable {
  private int[] offsets;
  private int[] lengths;
  private byte[] @Nullable [] arrays;

  WordTable(int capacity) {
    offsets = new int[capacity];
    lengths = new int[capacity];
    arrays = new byte[capacity][];
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
    arrays = Arrays.copyOf(arrays, grown);
  }

  /** Takes over the first words of another table, which forgets their arrays. */
  void takeOver(WordTable other, int count) {
    System.arraycopy(other.offsets, 0, offsets, 0, count);
    System.arraycopy(other.lengths, 0, lengths, 0, count);
    System.arraycopy(other.arrays, 0, arrays, 0, count);
    Arrays.fill(other.arrays, 0, count, null);
  }

  /**
   * Says where a word is.
   *
   * @param own the array that is its own, or null: it lies in the buffer
   */
  void set(int index, int offset, int length, byte @Nullable [] own) {
    offsets[index] = offset;
    lengths[index] = length;
    arrays[index] = own;
  }

  /**
   * Appends the words to a command, and forgets their arrays.
   *
   * @param own receives the arrays that are words' own
   */
  void moveTo(Args args, int count, byte[] buffer, int start, ArrayDeque<byte[]> own) {
    for (int i = 0; i < count; i++) {
      byte @Nullable [] array = arrays[i];
      if (array == null) {
        args.add(buffer, start + offsets[i], lengths[i]);
      } else {
        args.add(array, 0, lengths[i]);
        own.addLast(array);
        arrays[i] = null;
      }
    }
  }
}
