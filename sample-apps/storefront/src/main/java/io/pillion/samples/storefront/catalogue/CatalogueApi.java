package io.pillion.samples.storefront.catalogue;

import io.pillion.samples.storefront.pricing.Prices;
import io.pillion.samples.storefront.reads.Metered;
import io.pillion.samples.storefront.reads.Read;
import io.pillion.samples.storefront.reads.ReadMeter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /api/genres} and {@code /api/tracks}: what is for sale, and how each read went. */
@RestController
@RequestMapping("/api")
class CatalogueApi {
  private static final int MAX_TEXT = 100;
  private static final int MAX_PAGE = 10_000;

  private final Catalogue catalogue;
  private final Albums albums;
  private final Prices prices;
  private final ReadMeter meter;

  CatalogueApi(Catalogue catalogue, Albums albums, Prices prices, ReadMeter meter) {
    this.catalogue = catalogue;
    this.albums = albums;
    this.prices = prices;
    this.meter = meter;
  }

  @GetMapping("/genres")
  GenreList genres() {
    Metered<List<Genre>> genres = meter.measure("genres", "@Cacheable", catalogue::genres);
    return new GenreList(genres.value(), List.of(genres.read()));
  }

  @GetMapping("/tracks")
  Listing tracks(
      @RequestParam(defaultValue = "0") int genre,
      @RequestParam(defaultValue = "") String q,
      @RequestParam(defaultValue = "0") int page) {
    if (q.length() > MAX_TEXT) {
      throw refused("the search text has " + q.length() + " characters; at most " + MAX_TEXT);
    }
    if (page < 0 || page > MAX_PAGE) {
      throw refused("the page must be between 0 and " + MAX_PAGE + ", not " + page);
    }
    Metered<TrackPage> found =
        meter.measure("pages", "@Cacheable", () -> catalogue.search(genre, q, page));
    List<Integer> ids = found.value().trackIds();
    Metered<List<Track>> tracks =
        meter.measure(
            "tracks",
            "@Cacheable",
            ids.size(),
            () -> ids.stream().map(catalogue::track).filter(Objects::nonNull).toList());
    Metered<Map<Integer, BigDecimal>> priced = prices.metered(new LinkedHashSet<>(ids));
    List<Offer> offers = new ArrayList<>();
    for (Track track : tracks.value()) {
      offers.add(new Offer(track, priced.value().get(track.id())));
    }
    return new Listing(
        offers,
        found.value().total(),
        page,
        Catalogue.PAGE_SIZE,
        List.of(found.read(), tracks.read(), priced.read()));
  }

  @GetMapping("/tracks/{id}")
  Detail track(@PathVariable int id) {
    Metered<@Nullable Track> found =
        meter.measure("tracks", "@Cacheable", () -> catalogue.track(id));
    Track track = found.value();
    if (track == null) {
      throw new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no track " + id);
    }
    Metered<@Nullable Album> album = albums.metered(track.albumId());
    Metered<Map<Integer, BigDecimal>> priced = prices.metered(Set.of(id));
    return new Detail(
        track,
        album.value(),
        priced.value().get(id),
        List.of(found.read(), album.read(), priced.read()));
  }

  private static ResponseStatusException refused(String why) {
    return new ResponseStatusException(HttpStatus.BAD_REQUEST, why);
  }

  /** The genres, and how they were read. */
  record GenreList(List<Genre> genres, List<Read> reads) {}

  /** A track and today's price. */
  record Offer(Track track, @Nullable BigDecimal price) {}

  /** One page of offers, and how they were read. */
  record Listing(List<Offer> items, int total, int page, int pageSize, List<Read> reads) {}

  /** One track with its album, and how they were read. */
  record Detail(Track track, @Nullable Album album, @Nullable BigDecimal price, List<Read> reads) {}
}
