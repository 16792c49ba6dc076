package io.pillion.samples.storefront.sales;

import io.pillion.samples.storefront.cart.CartView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What was sold, in the database. */
@Service
@DependsOnDatabaseInitialization
public class Sales {
  private final JdbcTemplate jdbc;

  Sales(JdbcTemplate jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * Records the sale of a cart.
   *
   * @return the invoice's id
   */
  @Transactional
  public String sell(CartView cart) {
    String invoiceId = UUID.randomUUID().toString();
    List<Object[]> lines =
        cart.lines().stream()
            .map(
                line ->
                    new Object[] {invoiceId, line.track().id(), line.unitPrice(), line.quantity()})
            .toList();
    jdbc.batchUpdate(
        "INSERT INTO invoice_line (invoice_id, track_id, unit_price, quantity) VALUES (?, ?, ?, ?)",
        lines);
    return invoiceId;
  }

  /** How many copies of each album's tracks were ever sold; albums never sold are absent. */
  public Map<Integer, Long> soldByAlbum() {
    Map<Integer, Long> sold = new HashMap<>();
    jdbc.query(
        """
        SELECT t.album_id, SUM(l.quantity) AS sold
        FROM invoice_line l JOIN track t ON t.track_id = l.track_id
        GROUP BY t.album_id
        """,
        row -> {
          sold.put(row.getInt("album_id"), row.getLong("sold"));
        });
    return sold;
  }
}
