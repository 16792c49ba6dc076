package io.pillion.engine.command;

/**
 * Positions on the globe as 52-bit numbers, which is what a geo index keeps as scores: the map of
 * longitudes and latitudes is halved 26 times each way, and the halves chosen are written down in
 * turn, a bit of the longitude before one of the latitude. Positions that share leading bits lie in
 * one cell of the map, so that a cell is a range of scores.
 *
 * <p>Latitudes end at {@link #MAX_LATITUDE}, where a square map in Mercator's projection ends.
 */
final class GeoHash {
  static final double MAX_LONGITUDE = 180;
  static final double MAX_LATITUDE = 85.05112878;

  /** How often a score halves the map each way. */
  static final int STEPS = 26;

  private static final double TWO_TO_63 = 0x1p63;
  private static final String DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz";
  private static final int TEXT_LENGTH = 11;
  private static final int DIGIT_BITS = 5;

  private GeoHash() {}

  /**
   * A position.
   *
   * @param longitude degrees, east of Greenwich positive
   * @param latitude degrees, north of the equator positive
   */
  record Position(double longitude, double latitude) {
    /** Whether it is one that can be kept. */
    boolean isOnMap() {
      return longitude >= -MAX_LONGITUDE
          && longitude <= MAX_LONGITUDE
          && latitude >= -MAX_LATITUDE
          && latitude <= MAX_LATITUDE;
    }
  }

  /**
   * A cell of the map that has been halved {@code steps} times each way.
   *
   * @param column counted from west; one more than there are for what lies exactly on the 180th
   *     meridian in the east
   * @param row counted from south; one more than there are for what lies exactly on the north edge
   */
  record Cell(int steps, long column, long row) {
    /** The cell in which a position on the map lies. */
    static Cell of(Position position, int steps) {
      return of(position, steps, MAX_LATITUDE);
    }

    private static Cell of(Position position, int steps, double maxLatitude) {
      double east = (position.longitude() + MAX_LONGITUDE) / (2 * MAX_LONGITUDE);
      double north = (position.latitude() + maxLatitude) / (2 * maxLatitude);
      return new Cell(steps, (long) (east * (1L << steps)), (long) (north * (1L << steps)));
    }

    /** The cell so many columns east and rows north of it; the map is round both ways. */
    Cell neighbor(int east, int north) {
      long mask = (1L << steps) - 1;
      return new Cell(
          steps,
          east == 0 ? column : (column + east) & mask,
          north == 0 ? row : (row + north) & mask);
    }

    double west() {
      return degrees(column, MAX_LONGITUDE);
    }

    double east() {
      return degrees(column + 1, MAX_LONGITUDE);
    }

    double south() {
      return degrees(row, MAX_LATITUDE);
    }

    double north() {
      return degrees(row + 1, MAX_LATITUDE);
    }

    private double degrees(long line, double max) {
      return -max + (line * 1.0 / (1L << steps)) * (2 * max);
    }

    /** The lowest score in it. */
    double firstScore() {
      return bits() << (2 * (STEPS - steps));
    }

    /** The lowest score behind it. */
    double endScore() {
      return (bits() + 1) << (2 * (STEPS - steps));
    }

    private long bits() {
      return spread(column) << 1 | spread(row);
    }
  }

  /** The score of a position on the map. */
  static long score(Position position) {
    return Cell.of(position, STEPS).bits();
  }

  /** The middle of the cell that a score stands for; any number will do. */
  static Position position(double score) {
    long bits = toBits(score);
    Cell cell = new Cell(STEPS, gather(bits >>> 1), gather(bits));
    return new Position(
        middle(cell.west(), cell.east(), MAX_LONGITUDE),
        middle(cell.south(), cell.north(), MAX_LATITUDE));
  }

  private static double middle(double low, double high, double max) {
    return Math.max(-max, Math.min(max, (low + high) / 2));
  }

  /** The geohash of a score as it is written elsewhere, in 11 characters. */
  static String text(double score) {
    // Elsewhere latitudes go up to the poles; the last character has no bits left to show.
    long bits = Cell.of(position(score), STEPS, /* maxLatitude= */ 90).bits();
    StringBuilder text = new StringBuilder(TEXT_LENGTH);
    for (int i = 1; i < TEXT_LENGTH; i++) {
      text.append(DIGITS.charAt((int) (bits >>> (2 * STEPS - i * DIGIT_BITS)) & 31));
    }
    return text.append(DIGITS.charAt(0)).toString();
  }

  /** A double as an unsigned number, in the way x86-64 converts what does not fit, too. */
  private static long toBits(double score) {
    if (score < TWO_TO_63) {
      return (long) score;
    }
    return score < 2 * TWO_TO_63 ? (long) (score - TWO_TO_63) ^ Long.MIN_VALUE : 0;
  }

  /** Moves the lower 32 bits apart, to the even places. */
  private static long spread(long value) {
    long bits = value & 0xFFFFFFFFL;
    bits = (bits | bits << 16) & 0x0000FFFF0000FFFFL;
    bits = (bits | bits << 8) & 0x00FF00FF00FF00FFL;
    bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0FL;
    bits = (bits | bits << 2) & 0x3333333333333333L;
    return (bits | bits << 1) & 0x5555555555555555L;
  }

  /** Brings the bits at the even places together. */
  private static long gather(long value) {
    long bits = value & 0x5555555555555555L;
    bits = (bits | bits >>> 1) & 0x3333333333333333L;
    bits = (bits | bits >>> 2) & 0x0F0F0F0F0F0F0F0FL;
    bits = (bits | bits >>> 4) & 0x00FF00FF00FF00FFL;
    bits = (bits | bits >>> 8) & 0x0000FFFF0000FFFFL;
    return (bits | bits >>> 16) & 0xFFFFFFFFL;
  }
}
