package io.pillion.samples.storefront.cart;

import io.pillion.samples.storefront.catalogue.Catalogue;
import io.pillion.samples.storefront.catalogue.Track;
import io.pillion.samples.storefront.pricing.Prices;
import jakarta.servlet.http.HttpSession;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Service;

/** Finds the cart of a session, and puts names and prices to it. */
@Service
public class CartDesk {
  private static final String ATTRIBUTE = "cart";

  private final Catalogue catalogue;
  private final Prices prices;

  CartDesk(Catalogue catalogue, Prices prices) {
    this.catalogue = catalogue;
    this.prices = prices;
  }

  /** The session's cart; empty when it has none yet. */
  public Cart cartOf(HttpSession session) {
    return session.getAttribute(ATTRIBUTE) instanceof Cart cart ? cart : Cart.EMPTY;
  }

  /** Makes this the session's cart. */
  public void keep(HttpSession session, Cart cart) {
    session.setAttribute(ATTRIBUTE, cart);
  }

  /** The cart with names and today's prices; tracks that are no longer sold are left out. */
  public CartView view(Cart cart) {
    Map<Integer, BigDecimal> unitPrices = prices.of(cart.quantities().keySet());
    List<CartView.Line> lines = new ArrayList<>();
    BigDecimal total = BigDecimal.ZERO.setScale(2);
    int items = 0;
    for (Map.Entry<Integer, Integer> entry : cart.quantities().entrySet()) {
      Track track = catalogue.track(entry.getKey());
      BigDecimal unitPrice = unitPrices.get(entry.getKey());
      if (track == null || unitPrice == null) {
        continue;
      }
      int quantity = entry.getValue();
      BigDecimal price = unitPrice.multiply(BigDecimal.valueOf(quantity));
      lines.add(new CartView.Line(track, quantity, unitPrice, price));
      items += quantity;
      total = total.add(price);
    }
    return new CartView(lines, items, total);
  }
}
