package io.pillion.samples.storefront.engine;

import io.pillion.client.Commands;
import io.pillion.client.PillionUrl;
import io.pillion.samples.storefront.catalogue.Albums;
import io.pillion.samples.storefront.pricing.Prices;
import io.pillion.samples.storefront.reads.ReadMeter;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.CacheManager;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** {@code /api/engine} and {@code /api/caches}: what is underneath, and how to empty it. */
@RestController
@RequestMapping("/api")
class EngineApi {
  private final Commands commands;
  private final PillionUrl url;
  private final CacheManager caches;
  private final Albums albums;
  private final Prices prices;
  private final ReadMeter meter;

  EngineApi(
      Commands commands,
      PillionUrl url,
      CacheManager caches,
      Albums albums,
      Prices prices,
      ReadMeter meter) {
    this.commands = commands;
    this.url = url;
    this.caches = caches;
    this.albums = albums;
    this.prices = prices;
    this.meter = meter;
  }

  @GetMapping("/engine")
  Engine engine() {
    return new Engine(
        url.kind() == PillionUrl.Kind.EMBEDDED,
        commands.target(),
        url.listen().isEmpty() ? null : url.listen(),
        meter.hits(),
        meter.misses());
  }

  @DeleteMapping("/caches")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  void clear() {
    caches.resetCaches();
    albums.clear();
    prices.clear();
  }

  /**
   * The engine this instance uses.
   *
   * @param embedded whether it runs inside this process
   * @param target where commands go
   * @param address where other processes reach it, or null when it opens no port
   * @param hits keys this instance has read from caches since it started
   * @param misses keys this instance has read from the database since it started
   */
  record Engine(
      boolean embedded, String target, @Nullable String address, long hits, long misses) {}
}
