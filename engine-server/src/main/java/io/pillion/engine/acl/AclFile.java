package io.pillion.engine.acl;

import io.pillion.engine.acl.RuleException.Fault;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.DiskFile;
import io.pillion.engine.world.World;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The file of users: a line {@code user <name> <rules>} for each, and nothing else. */
final class AclFile {
  private final World world;
  private final String name;
  private final String path;

  /**
   * A file.
   *
   * @param name as it was configured: how errors call it
   * @param path where it is
   */
  AclFile(World world, String name, String path) {
    this.world = world;
    this.name = name;
    this.path = path;
  }

  /** The file is not as it should be; the message says all that is wrong, in one line. */
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidException(String message) {
      super(message, null, false, false);
    }

    String text() {
      return String.valueOf(getMessage());
    }
  }

  // --- reading

  /**
   * The users of the file.
   *
   * @param newRules makes the rules that a user begins with
   * @throws InvalidException when anything in it is wrong
   */
  SortedMap<Bytes, Rules> read(Supplier<Rules> newRules) throws InvalidException {
    String[] lines = text().split("\n", -1);
    SortedMap<Bytes, Rules> users = new TreeMap<>();
    StringBuilder errors = new StringBuilder();
    for (int i = 0; i < lines.length; i++) {
      String line = trim(lines[i], " \t\r");
      if (!line.isEmpty()) {
        readLine(line, i + 1, newRules, users, errors);
      }
    }
    if (!errors.isEmpty()) {
      throw new InvalidException(
          errors
              + "WARNING: ACL errors detected, no change to the previously active ACL rules was"
              + " performed");
    }
    return users;
  }

  private String text() throws InvalidException {
    try (InputStream in = world.disk().open(path)) {
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      String why =
          world.disk().exists(path) ? String.valueOf(e.getMessage()) : "No such file or directory";
      throw new InvalidException("Error loading ACLs, opening file '" + name + "': " + why);
    }
  }

  private void readLine(
      String line,
      int number,
      Supplier<Rules> newRules,
      SortedMap<Bytes, Rules> users,
      StringBuilder errors) {
    String[] words = line.split(" ", -1);
    String place = name + ":" + number;
    if (!words[0].equals("user") || words.length < 2) {
      errors.append(place).append(" should start with user keyword followed by the username. ");
      return;
    }
    Bytes user = Passwords.bytes(words[1]);
    if (Selector.hasBlanks(user)) {
      errors
          .append("'" + place + ": username '" + words[1])
          .append("' contains invalid characters. ");
      return;
    }
    Rules rules = newRules.get();
    if (users.putIfAbsent(user, rules) != null) {
      errors.append("WARNING: Duplicate user '" + words[1] + "' found on line " + number + ". ");
      return;
    }
    List<Bytes> described = new ArrayList<>();
    for (int i = 2; i < words.length; i++) {
      described.add(Passwords.bytes(words[i]));
    }
    try {
      apply(Rules.joined(described), rules, place, errors);
    } catch (Rules.UnmatchedParenthesisException e) {
      errors.append(place).append(": Unmatched parenthesis in selector definition.");
    }
  }

  private static void apply(
      List<Bytes> described, Rules rules, String place, StringBuilder errors) {
    boolean complained = false;
    for (Bytes word : described) {
      String rule = trim(word.toString(), "\t\r");
      try {
        rules.apply(Passwords.bytes(rule));
      } catch (RuleException e) {
        // Only the name of a command is surely no secret.
        if (e.fault() == Fault.UNKNOWN) {
          errors.append(place + ": Error in applying operation '" + rule + "': " + e.text() + ". ");
        } else if (!complained) {
          errors.append(place + ": " + e.text() + ". ");
          complained = true;
        }
      }
    }
  }

  private static String trim(String text, String characters) {
    int from = 0;
    int to = text.length();
    while (from < to && characters.indexOf(text.charAt(from)) >= 0) {
      from++;
    }
    while (to > from && characters.indexOf(text.charAt(to - 1)) >= 0) {
      to--;
    }
    return text.substring(from, to);
  }

  // --- writing

  /** Puts these users in place of those in the file: all of them or, in a crash, none. */
  void write(Collection<User> users) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (User user : users) {
      text.writeBytes(user.line().toByteArray());
      text.write('\n');
    }
    Disk disk = world.disk();
    String whole = path + ".tmp-" + world.wallMillis();
    try {
      DiskFile file = disk.create(whole);
      try {
        file.write(text.toByteArray(), 0, text.size());
        file.sync();
      } finally {
        file.close();
      }
      disk.rename(whole, path);
    } catch (IOException e) {
      disk.delete(whole);
      throw e;
    }
    int slash = path.lastIndexOf('/');
    disk.syncFolder(slash <= 0 ? "/" : path.substring(0, slash));
  }
}
