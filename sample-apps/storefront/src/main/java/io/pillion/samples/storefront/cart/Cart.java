package io.pillion.samples.storefront.cart;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a visitor wants to buy. Immutable, so that a change is always a new session attribute and
 * never goes unsaved.
 *
 * @param quantities by track, in the order they were added; cannot be changed
 */
public record Cart(Map<Integer, Integer> quantities) implements Serializable {
  /** The most copies of one track, and the most different tracks. */
  public static final int LIMIT = 99;

  /** A cart with nothing in it. */
  public static final Cart EMPTY = new Cart(Map.of());

  /** Copies the map. */
  public Cart {
    quantities = Collections.unmodifiableMap(new LinkedHashMap<>(quantities));
  }

  /** This cart with so many copies of a track; 0 takes it out. */
  public Cart with(int trackId, int quantity) {
    Map<Integer, Integer> changed = new LinkedHashMap<>(quantities);
    if (quantity == 0) {
      changed.remove(trackId);
    } else {
      changed.put(trackId, quantity);
    }
    return new Cart(changed);
  }

  /** How many copies of a track are in it; 0 when none. */
  public int quantityOf(int trackId) {
    return quantities.getOrDefault(trackId, 0);
  }

  /** Whether nothing is in it. */
  public boolean isEmpty() {
    return quantities.isEmpty();
  }
}
