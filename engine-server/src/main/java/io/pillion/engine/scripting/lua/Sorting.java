package io.pillion.engine.scripting.lua;

import java.util.function.Supplier;

/**
 * Quicksort with the median of three, as table.sort promises it: not stable, in place, and with an
 * order that contradicts itself it ends, perhaps with an error.
 */
final class Sorting {
  /** Whether one value comes before another. */
  @FunctionalInterface
  interface Order {
    boolean before(Object a, Object b);
  }

  private final Object[] values;
  private final Order order;
  private final Supplier<LuaError> invalid;

  Sorting(Object[] values, Order order, Supplier<LuaError> invalid) {
    this.values = values;
    this.order = order;
    this.invalid = invalid;
  }

  private void swap(int i, int j) {
    Object value = values[i];
    values[i] = values[j];
    values[j] = value;
  }

  private void swapUnlessOrdered(int low, int high) {
    if (order.before(values[high], values[low])) {
      swap(low, high);
    }
  }

  /** Sorts a range; the smaller half by recursion, so that it is never deep. */
  void sort(int first, int last) {
    int low = first;
    int high = last;
    while (low < high) {
      swapUnlessOrdered(low, high);
      if (high - low == 1) {
        return;
      }
      int middle = (low + high) >>> 1;
      swapUnlessOrdered(low, middle);
      swapUnlessOrdered(middle, high);
      if (high - low == 2) {
        return;
      }
      int pivot = partition(low, high, middle);
      if (pivot - low < high - pivot) {
        sort(low, pivot - 1);
        low = pivot + 1;
      } else {
        sort(pivot + 1, high);
        high = pivot - 1;
      }
    }
  }

  private int partition(int low, int high, int middle) {
    Object pivot = values[middle];
    swap(middle, high - 1);
    int i = low;
    int j = high - 1;
    while (true) {
      while (order.before(values[++i], pivot)) {
        if (i >= high) {
          throw invalid.get();
        }
      }
      while (order.before(pivot, values[--j])) {
        if (j <= low) {
          throw invalid.get();
        }
      }
      if (j < i) {
        swap(high - 1, i);
        return i;
      }
      swap(i, j);
    }
  }
}
