package io.pillion.samples.storefront.cart;

import io.pillion.samples.storefront.catalogue.Track;
import java.math.BigDecimal;
import java.util.List;

/**
 * A cart with names and today's prices.
 *
 * @param items how many copies in all
 * @param total what they cost together
 */
public record CartView(List<Line> lines, int items, BigDecimal total) {

  /** So many copies of one track. */
  public record Line(Track track, int quantity, BigDecimal unitPrice, BigDecimal price) {}
}
