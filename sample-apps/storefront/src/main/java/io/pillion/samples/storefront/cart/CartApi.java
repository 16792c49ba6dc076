package io.pillion.samples.storefront.cart;

import io.pillion.samples.storefront.catalogue.Catalogue;
import jakarta.servlet.http.HttpSession;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /api/cart}: the cart of the session whose cookie the request carries. */
@RestController
@RequestMapping("/api/cart")
class CartApi {
  private final CartDesk desk;
  private final Catalogue catalogue;

  CartApi(CartDesk desk, Catalogue catalogue) {
    this.desk = desk;
    this.catalogue = catalogue;
  }

  @GetMapping
  CartView cart(HttpSession session) {
    return desk.view(desk.cartOf(session));
  }

  @PostMapping("/items/{trackId}")
  CartView addOne(@PathVariable int trackId, HttpSession session) {
    Cart cart = desk.cartOf(session);
    return set(session, cart, trackId, cart.quantityOf(trackId) + 1);
  }

  @PutMapping("/items/{trackId}")
  CartView setQuantity(
      @PathVariable int trackId, @RequestBody Quantity wanted, HttpSession session) {
    return set(session, desk.cartOf(session), trackId, wanted.quantity());
  }

  @DeleteMapping("/items/{trackId}")
  CartView remove(@PathVariable int trackId, HttpSession session) {
    return keep(session, desk.cartOf(session).with(trackId, 0));
  }

  private CartView set(HttpSession session, Cart cart, int trackId, int quantity) {
    if (quantity < 0 || quantity > Cart.LIMIT) {
      throw refused("the quantity must be between 0 and " + Cart.LIMIT + ", not " + quantity);
    }
    if (catalogue.track(trackId) == null) {
      throw new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no track " + trackId);
    }
    Cart changed = cart.with(trackId, quantity);
    if (changed.quantities().size() > Cart.LIMIT) {
      throw refused("a cart holds at most " + Cart.LIMIT + " different tracks");
    }
    return keep(session, changed);
  }

  private CartView keep(HttpSession session, Cart cart) {
    desk.keep(session, cart);
    return desk.view(cart);
  }

  private static ResponseStatusException refused(String why) {
    return new ResponseStatusException(HttpStatus.BAD_REQUEST, why);
  }

  /** How many copies are wanted. */
  record Quantity(int quantity) {}
}
