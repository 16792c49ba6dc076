package io.pillion.samples.storefront.pricing;

import io.pillion.samples.storefront.reads.Read;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /api/tracks/{id}/price}: changes a price, through the cache, in the database. */
@RestController
@RequestMapping("/api/tracks/{id}/price")
class PriceApi {
  private static final BigDecimal LOWEST = new BigDecimal("0.01");
  private static final BigDecimal HIGHEST = new BigDecimal("999.99");

  private final Prices prices;

  PriceApi(Prices prices) {
    this.prices = prices;
  }

  @PutMapping
  Changed change(@PathVariable int id, @RequestBody Wanted wanted) {
    BigDecimal price = wanted.price();
    if (price == null
        || price.stripTrailingZeros().scale() > 2
        || price.compareTo(LOWEST) < 0
        || price.compareTo(HIGHEST) > 0) {
      throw new ResponseStatusException(
          HttpStatus.BAD_REQUEST,
          "the price must be between 0.01 and 999.99 with at most two decimals");
    }
    BigDecimal rounded = price.setScale(2, RoundingMode.UNNECESSARY);
    Prices.Change change = prices.change(id, rounded);
    if (change == null) {
      throw new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no track " + id);
    }
    return new Changed(id, change.before(), rounded, List.of(change.write()));
  }

  /** The price that is wanted. */
  record Wanted(@Nullable BigDecimal price) {}

  /** The price before and now, and how long the write took. */
  record Changed(int trackId, BigDecimal before, BigDecimal price, List<Read> reads) {}
}
