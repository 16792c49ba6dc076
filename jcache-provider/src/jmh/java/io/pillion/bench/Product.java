package io.pillion.bench;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** A value that can be changed, so that every reader must have a copy of its own. */
public final class Product implements Serializable {
  private static final long serialVersionUID = 1;

  private long id;
  private String name;
  private BigDecimal price;
  private List<String> tags;

  public Product(long id) {
    this.id = id;
    this.name = "A product of some name, number " + id;
    this.price = new BigDecimal("19.99");
    this.tags = new ArrayList<>(List.of("new", "blue"));
  }

  public void rename(String newName) {
    name = newName;
  }

  @Override
  public String toString() {
    return id + " " + name + " " + price + " " + tags;
  }
}
