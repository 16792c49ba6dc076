package io.pillion.engine.command;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import io.pillion.engine.protocol.Numbers;
import java.util.Arrays;

/**
 * The elements that SORT sorts, and the weights it sorts them by. Elements and texts stay in the
 * arena; kept here are only where they are and in what order they come: 32 bytes an element, so
 * that a large collection does not flood the heap.
 *
 * <p>Nothing may change the collection or the weights meanwhile.
 */
final class SortElements {
  private static final int INTEGER = -1;
  private static final int NONE = -2;

  private final Arena arena;
  private final Span span;
  private final long[] values;
  private final int[] lengths;
  private double[] scores = {};
  private long[] weights = {};
  private int[] weightLengths = {};
  private int[] order;
  private int count;

  SortElements(Arena arena, int capacity) {
    this.arena = arena;
    span = new Span(arena);
    values = new long[capacity];
    lengths = new int[capacity];
    order = new int[0];
  }

  /** Adds an element that lies in the arena. */
  void add(Span element) {
    values[count] = element.address();
    lengths[count++] = element.length();
  }

  /** Adds an element that is kept as a number. */
  void add(long number) {
    values[count] = number;
    lengths[count++] = INTEGER;
  }

  /** How many elements it takes. */
  int room() {
    return values.length;
  }

  int count() {
    return count;
  }

  /** The element at a place: in the order of adding, or as sorted. */
  Bytes get(int place) {
    return element(order.length == 0 ? place : order[place]);
  }

  private Bytes element(int index) {
    return lengths[index] == INTEGER
        ? Bytes.of(values[index])
        : span.set(values[index], lengths[index]).toBytes();
  }

  // --- weights

  /** Is asked for the weight of each element: a span moved to it, or false when there is none. */
  @FunctionalInterface
  interface Weights {
    boolean find(Bytes element, Span weight);
  }

  /** Gives each element a number by which to sort; false when one is no number. */
  boolean weighByNumber(Weights by) {
    scores = new double[count];
    for (int i = 0; i < count; i++) {
      if (by.find(element(i), span)) {
        scores[i] = Numbers.parseWeight(span.toBytes());
      }
      if (Double.isNaN(scores[i])) {
        return false;
      }
    }
    return true;
  }

  /** Gives each element its own value as the number by which to sort; false when one is none. */
  boolean weighByOwnNumber() {
    scores = new double[count];
    for (int i = 0; i < count; i++) {
      scores[i] = lengths[i] == INTEGER ? values[i] : Numbers.parseWeight(element(i));
      if (Double.isNaN(scores[i])) {
        return false;
      }
    }
    return true;
  }

  /** Gives each element a text by which to sort. */
  void weighByText(Weights by) {
    weights = new long[count];
    weightLengths = new int[count];
    for (int i = 0; i < count; i++) {
      boolean found = by.find(element(i), span);
      weights[i] = found ? span.address() : 0;
      weightLengths[i] = found ? span.length() : NONE;
    }
  }

  // --- sorting

  /** Sorts by number, and by the elements themselves where numbers are equal. */
  void sortByNumber(boolean descending) {
    sort(
        (a, b) -> {
          int difference = Double.compare(scores[a] + 0.0, scores[b] + 0.0);
          return difference != 0 ? difference : compareElements(a, b);
        },
        descending);
  }

  /** Sorts by the elements themselves. */
  void sortByElement(boolean descending) {
    sort(this::compareElements, descending);
  }

  /** Sorts by text; elements without one come first, as if it were the least. */
  void sortByText(boolean descending) {
    sort(this::compareWeights, descending);
  }

  private int compareElements(int a, int b) {
    if (lengths[a] == INTEGER || lengths[b] == INTEGER) {
      return element(a).compareTo(element(b));
    }
    return arena.compare(values[a], lengths[a], values[b], lengths[b]);
  }

  private int compareWeights(int a, int b) {
    if (weightLengths[a] == NONE || weightLengths[b] == NONE) {
      return Integer.compare(weightLengths[a] == NONE ? 0 : 1, weightLengths[b] == NONE ? 0 : 1);
    }
    return arena.compare(weights[a], weightLengths[a], weights[b], weightLengths[b]);
  }

  @FunctionalInterface
  private interface Comparison {
    int compare(int a, int b);
  }

  /** Merges ever longer runs: stable, and never more than n log n comparisons. */
  private void sort(Comparison comparison, boolean descending) {
    int sign = descending ? -1 : 1;
    int[] from = new int[count];
    Arrays.setAll(from, i -> i);
    int[] to = new int[count];
    for (int run = 1; run < count && run > 0; run *= 2) {
      for (int start = 0; start < count; start += 2 * run) {
        int middle = Math.min(start + run, count);
        int end = Math.min(middle + run, count);
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++) {
          boolean takeLeft =
              right == end
                  || (left < middle && sign * comparison.compare(from[left], from[right]) <= 0);
          to[i] = takeLeft ? from[left++] : from[right++];
        }
      }
      int[] sorted = to;
      to = from;
      from = sorted;
    }
    order = from;
  }
}
