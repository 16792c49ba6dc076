package io.pillion.samples.storefront.sales;

import io.pillion.samples.storefront.sales.BestSellers.BestSeller;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /api/best-sellers}: the top of the board, and an album between its neighbours. */
@RestController
@RequestMapping("/api/best-sellers")
class BestSellerApi {
  private static final int MOST = 100;

  private final BestSellers bestSellers;

  BestSellerApi(BestSellers bestSellers) {
    this.bestSellers = bestSellers;
  }

  @GetMapping
  Board top(@RequestParam(defaultValue = "10") int limit) {
    return new Board(bestSellers.top(checked("limit", limit)));
  }

  @GetMapping("/around/{albumId}")
  Board around(@PathVariable int albumId, @RequestParam(defaultValue = "2") int radius) {
    return new Board(bestSellers.around(albumId, checked("radius", radius)));
  }

  private static int checked(String what, int value) {
    if (value < 1 || value > MOST) {
      throw new ResponseStatusException(
          HttpStatus.BAD_REQUEST,
          "the " + what + " must be between 1 and " + MOST + ", not " + value);
    }
    return value;
  }

  /** A part of the board, best first. */
  record Board(List<BestSeller> entries) {}
}
