package io.pillion.samples.storefront.catalogue;

import io.pillion.samples.storefront.reads.ReadMeter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;

/** Reads the catalogue from the database; every read is {@code @Cacheable}. */
@Service
public class Catalogue {
  /** Tracks on one page. */
  public static final int PAGE_SIZE = 12;

  private static final String TRACK_COLUMNS =
      """
      SELECT t.track_id AS id, t.name, t.album_id, al.title AS album, ar.name AS artist,
             g.name AS genre, t.composer, t.milliseconds
      """;

  private static final String JOINED =
      """
      FROM track t
      JOIN album al ON al.album_id = t.album_id
      JOIN artist ar ON ar.artist_id = al.artist_id
      JOIN genre g ON g.genre_id = t.genre_id
      """;

  private static final String MATCHING =
      """
      WHERE (:genre = 0 OR t.genre_id = :genre)
        AND (LOWER(t.name) LIKE :pattern ESCAPE '!'
          OR LOWER(al.title) LIKE :pattern ESCAPE '!'
          OR LOWER(ar.name) LIKE :pattern ESCAPE '!')
      """;

  private final JdbcClient jdbc;

  Catalogue(JdbcClient jdbc, ChinookLoader loadedFirst) {
    this.jdbc = jdbc;
  }

  /** All genres, the largest first. */
  @Cacheable("genres")
  public List<Genre> genres() {
    ReadMeter.loaded(1);
    return List.copyOf(
        jdbc.sql(
                """
                SELECT g.genre_id AS id, g.name, COUNT(*) AS tracks
                FROM genre g JOIN track t ON t.genre_id = g.genre_id
                GROUP BY g.genre_id, g.name ORDER BY tracks DESC, g.name
                """)
            .query(Genre.class)
            .list());
  }

  /**
   * One page of the tracks whose name, album or artist contains a text, by artist and album.
   *
   * @param genre a genre's id, or 0 for all
   * @param text any case; empty finds all
   * @param page counted from 0
   */
  @Cacheable("pages")
  public TrackPage search(int genre, String text, int page) {
    ReadMeter.loaded(1);
    String pattern = "%" + escape(text.strip().toLowerCase(Locale.ROOT)) + "%";
    List<Integer> ids =
        jdbc.sql(
                "SELECT t.track_id "
                    + JOINED
                    + MATCHING
                    + "ORDER BY ar.name, al.title, t.track_id LIMIT :size OFFSET :offset")
            .param("genre", genre)
            .param("pattern", pattern)
            .param("size", PAGE_SIZE)
            .param("offset", (long) page * PAGE_SIZE)
            .query(Integer.class)
            .list();
    int total =
        jdbc.sql("SELECT COUNT(*) " + JOINED + MATCHING)
            .param("genre", genre)
            .param("pattern", pattern)
            .query(Integer.class)
            .single();
    return new TrackPage(List.copyOf(ids), total);
  }

  /** A track, or null when there is none with this id. */
  @Cacheable("tracks")
  public @Nullable Track track(int id) {
    ReadMeter.loaded(1);
    return jdbc.sql(TRACK_COLUMNS + JOINED + "WHERE t.track_id = :id")
        .param("id", id)
        .query(Track.class)
        .optional()
        .orElse(null);
  }

  /** An artist's name; empty when there is none with this id. */
  @Cacheable("artists")
  public String artist(int id) {
    ReadMeter.loaded(1);
    return jdbc.sql("SELECT name FROM artist WHERE artist_id = :id")
        .param("id", id)
        .query(String.class)
        .optional()
        .orElse("");
  }

  private static String escape(String text) {
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_");
  }
}
