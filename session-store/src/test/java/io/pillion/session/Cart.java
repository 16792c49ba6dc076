package io.pillion.session;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a shop keeps in a session. */
final class Cart implements Serializable {
  private static final long serialVersionUID = 1L;

  private final List<String> items = new ArrayList<>();

  Cart add(String item) {
    items.add(item);
    return this;
  }

  List<String> items() {
    return items;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Cart cart && items.equals(cart.items);
  }

  @Override
  public int hashCode() {
    return items.hashCode();
  }
}
