package io.pillion.samples.storefront.sales;

import io.pillion.samples.storefront.cart.Cart;
import io.pillion.samples.storefront.cart.CartDesk;
import io.pillion.samples.storefront.cart.CartView;
import jakarta.servlet.http.HttpSession;
import java.math.BigDecimal;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /api/checkout}: sells what is in the cart. */
@RestController
@RequestMapping("/api/checkout")
class CheckoutApi {
  private final CartDesk desk;
  private final Sales sales;
  private final BestSellers bestSellers;

  CheckoutApi(CartDesk desk, Sales sales, BestSellers bestSellers) {
    this.desk = desk;
    this.sales = sales;
    this.bestSellers = bestSellers;
  }

  @PostMapping
  Receipt checkOut(HttpSession session) {
    CartView cart = desk.view(desk.cartOf(session));
    if (cart.lines().isEmpty()) {
      throw new ResponseStatusException(HttpStatus.CONFLICT, "the cart is empty");
    }
    String invoiceId = sales.sell(cart);
    desk.keep(session, Cart.EMPTY);
    for (CartView.Line line : cart.lines()) {
      bestSellers.sold(line.track().albumId(), line.quantity());
    }
    return new Receipt(invoiceId, cart.items(), cart.total());
  }

  /** What was sold. */
  record Receipt(String invoiceId, int items, BigDecimal total) {}
}
