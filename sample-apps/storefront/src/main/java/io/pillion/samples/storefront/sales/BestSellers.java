package io.pillion.samples.storefront.sales;

import io.pillion.client.leaderboard.Entry;
import io.pillion.client.leaderboard.Leaderboard;
import io.pillion.samples.storefront.catalogue.Album;
import io.pillion.samples.storefront.catalogue.Albums;
import io.pillion.samples.storefront.catalogue.Catalogue;
import io.pillion.samples.storefront.catalogue.ChinookLoader;
import io.pillion.spring.leaderboard.Leaderboards;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.stereotype.Service;

/** Which albums sold most tracks: a leaderboard by album, moved by every checkout. */
@Service
public class BestSellers implements InitializingBean {
  private final Leaderboard board;
  private final Sales sales;
  private final Albums albums;
  private final Catalogue catalogue;

  BestSellers(
      Leaderboards leaderboards,
      Sales sales,
      Albums albums,
      Catalogue catalogue,
      ChinookLoader loadedFirst) {
    this.board = leaderboards.board("best-sellers");
    this.sales = sales;
    this.albums = albums;
    this.catalogue = catalogue;
  }

  /** An empty board begins with what the database says was sold. */
  @Override
  public void afterPropertiesSet() {
    if (board.size() == 0) {
      // Totals, not increments: two instances that begin together write the same figures.
      board.submitAll(
          sales.soldByAlbum().entrySet().stream()
              .collect(
                  Collectors.toMap(
                      sold -> sold.getKey().toString(), sold -> sold.getValue().doubleValue())));
    }
  }

  /** Counts so many more copies of an album's tracks. */
  void sold(int albumId, int copies) {
    board.increment(Integer.toString(albumId), copies);
  }

  /** The albums that sold most, best first; equal figures share a rank. */
  List<BestSeller> top(int count) {
    return board.top(count).stream().map(this::named).toList();
  }

  /** An album on the board between its neighbours; empty when it never sold. */
  List<BestSeller> around(int albumId, int radius) {
    return board.around(Integer.toString(albumId), radius).stream().map(this::named).toList();
  }

  private BestSeller named(Entry entry) {
    int albumId = Integer.parseInt(entry.member());
    Album album = albums.metered(albumId).value();
    return new BestSeller(
        entry.rank(),
        albumId,
        album == null ? "no longer sold" : album.title(),
        album == null ? "" : catalogue.artist(album.artistId()),
        Math.round(entry.score()));
  }

  /** A place on the board. */
  record BestSeller(long rank, int albumId, String title, String artist, long sold) {}
}
