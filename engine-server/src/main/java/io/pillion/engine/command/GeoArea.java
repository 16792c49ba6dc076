package io.pillion.engine.command;

import io.pillion.engine.command.GeoHash.Cell;
import io.pillion.engine.command.GeoHash.Position;
import java.util.ArrayList;
import java.util.List;

/**
 * A circle or a box around a position: which positions lie in it, and which cells of the map have
 * to be searched for them.
 *
 * @param isCircle whether width and height are the diameter of a circle
 * @param width metres from west to east
 * @param height metres from south to north
 */
record GeoArea(Position center, boolean isCircle, double width, double height) {
  /** Metres; the earth as a ball, as Redis has it. */
  private static final double EARTH_RADIUS = 6372797.560856;

  /** Metres from the middle of Mercator's map to its edge. */
  private static final double MAP_RADIUS = 20037726.37;

  private static final double RADIANS = Math.PI / 180;

  /** The center first, then its neighbors in the order in which Redis lists what it finds. */
  private static final int[][] NEIGHBORHOOD = {
    {0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}
  };

  static GeoArea circle(Position center, double radius) {
    return new GeoArea(center, /* isCircle= */ true, 2 * radius, 2 * radius);
  }

  static GeoArea box(Position center, double width, double height) {
    return new GeoArea(center, /* isCircle= */ false, width, height);
  }

  /**
   * Metres between two positions, along the ground: the same on every machine, so that replayed
   * effects store the same distances.
   */
  static double distance(Position from, Position to) {
    double u = StrictMath.sin((to.longitude() * RADIANS - from.longitude() * RADIANS) / 2);
    if (u == 0) {
      return distanceOfLatitudes(from, to);
    }
    double south = from.latitude() * RADIANS;
    double north = to.latitude() * RADIANS;
    double v = StrictMath.sin((north - south) / 2);
    double a = v * v + StrictMath.cos(south) * StrictMath.cos(north) * u * u;
    return 2 * EARTH_RADIUS * StrictMath.asin(Math.sqrt(a));
  }

  private static double distanceOfLatitudes(Position from, Position to) {
    return EARTH_RADIUS * Math.abs(to.latitude() * RADIANS - from.latitude() * RADIANS);
  }

  /** Metres from the center to a position in the area; not a number when it is not in the area. */
  double distanceWithin(Position position) {
    if (!isCircle) {
      Position sameLatitude = new Position(center.longitude(), position.latitude());
      if (distanceOfLatitudes(center, position) > height / 2
          || distance(position, sameLatitude) > width / 2) {
        return Double.NaN;
      }
    }
    double distance = distance(center, position);
    return isCircle && distance > width / 2 ? Double.NaN : distance;
  }

  /** The cells that cover the area, in the order in which they are searched. */
  List<Cell> cells() {
    double up = height / 2 / EARTH_RADIUS / RADIANS;
    double north = center.latitude() + up;
    double south = center.latitude() - up;
    // Degrees of longitude are shortest on the side of the pole.
    double shortest = center.latitude() < 0 ? south : north;
    double aside = width / 2 / EARTH_RADIUS / StrictMath.cos(shortest * RADIANS) / RADIANS;
    double west = center.longitude() - aside;
    double east = center.longitude() + aside;

    Cell middle = Cell.of(center, steps());
    if (middle.steps() > 1
        && (middle.neighbor(0, 1).north() < north
            || middle.neighbor(0, -1).south() > south
            || middle.neighbor(1, 0).east() < east
            || middle.neighbor(-1, 0).west() > west)) {
      middle = Cell.of(center, middle.steps() - 1);
    }
    boolean all = middle.steps() < 2;
    List<Cell> cells = new ArrayList<>(NEIGHBORHOOD.length);
    for (int[] direction : NEIGHBORHOOD) {
      boolean beyond =
          (direction[0] > 0 && middle.east() > east)
              || (direction[0] < 0 && middle.west() < west)
              || (direction[1] > 0 && middle.north() > north)
              || (direction[1] < 0 && middle.south() < south);
      Cell cell = middle.neighbor(direction[0], direction[1]);
      // On a map of few cells a neighbor on one side is the one on the other, too.
      boolean twice = cells.size() > 1 && cells.get(cells.size() - 1).equals(cell);
      if ((all || !beyond) && !twice) {
        cells.add(cell);
      }
    }
    return cells;
  }

  /** How often to halve the map so that a cell and its neighbors cover the area. */
  private int steps() {
    double reach =
        isCircle ? width / 2 : Math.sqrt(width / 2 * (width / 2) + height / 2 * (height / 2));
    if (reach == 0) {
      return GeoHash.STEPS;
    }
    int steps = -1;
    for (double size = reach; size < MAP_RADIUS; size *= 2) {
      steps++;
    }
    // Towards the poles cells become narrow.
    double latitude = Math.abs(center.latitude());
    if (latitude > 66) {
      steps -= latitude > 80 ? 2 : 1;
    }
    return Math.max(1, Math.min(GeoHash.STEPS, steps));
  }
}
