package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Oracle;
import io.pillion.engine.testkit.TestClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What our command table says of each command is what the real server's says. */
final class CommandTableTest {
  /** Where a newer version than the oracle's, which we follow, says something else. */
  private static final Map<String, String> NEWER =
      Map.ofEntries(
          Map.entry("blmove flags", "7.2 lets scripts call it"),
          Map.entry("blmpop flags", "7.2 lets scripts call it"),
          Map.entry("blpop flags", "7.2 lets scripts call it"),
          Map.entry("brpop flags", "7.2 lets scripts call it"),
          Map.entry("brpoplpush flags", "7.2 lets scripts call it"),
          Map.entry("bzmpop flags", "7.2 lets scripts call it"),
          Map.entry("bzpopmax flags", "7.2 lets scripts call it"),
          Map.entry("bzpopmin flags", "7.2 lets scripts call it"),
          Map.entry("client|pause since", "7.2 corrects it"),
          Map.entry("client|setname tips", "7.2 adds them"),
          Map.entry("command|getkeys arity", "7.2 takes a command without arguments"),
          Map.entry("command|getkeysandflags arity", "7.2 takes a command without arguments"),
          Map.entry("config|resetstat tips", "7.2 adds them"),
          Map.entry("config|rewrite tips", "7.2 adds them"),
          Map.entry("latency|reset tips", "7.2 corrects them"),
          Map.entry("acl|deluser tips", "7.2 adds them"),
          Map.entry("acl|save tips", "7.2 adds them"),
          Map.entry("acl|setuser tips", "7.2 adds them"),
          Map.entry("cluster|info flags", "Valkey 8 allows it while loading"),
          Map.entry("cluster|myid flags", "Valkey 8 allows it while loading"),
          Map.entry("cluster|nodes flags", "Valkey 8 allows it while loading"),
          Map.entry("cluster|shards flags", "Valkey 8 allows it while loading"),
          Map.entry("cluster|slots flags", "Valkey 8 allows it while loading"),
          Map.entry("msetnx tips", "7.2 drops them: it is not to be split"),
          Map.entry("multi flags", "Valkey 8 lets a second one break the transaction"),
          Map.entry("randomkey tips", "7.2 adds one"),
          Map.entry("scan tips", "7.2 adds one"),
          Map.entry("sinterstore key specifications", "Valkey 8 corrects them"),
          Map.entry("watch flags", "Valkey 8 lets it break the transaction"),
          Map.entry("wait flags", "7.2 lets scripts call it"),
          Map.entry("wait categories", "7.2 says that it blocks"),
          Map.entry("zrank arity", "7.2 adds WITHSCORE"),
          Map.entry("zrevrank arity", "7.2 adds WITHSCORE"));

  @Test
  void everyCommandIsDocumented() {
    Oracle.withOurs(
        ours -> {
          Map<Object, Object> docs = Oracle.map(ours.call("COMMAND", "DOCS").value());
          List<String> gaps = new ArrayList<>();
          docs.forEach(
              (name, doc) -> {
                Map<Object, Object> fields = Oracle.map(doc);
                for (String field : List.of("summary", "since", "group", "complexity")) {
                  if (String.valueOf(fields.get(field)).isEmpty()) {
                    gaps.add(name + " has no " + field);
                  }
                }
              });
          assertThat(gaps).isEmpty();
        });
  }

  @Test
  void commandInfoIsTheOracles() {
    Oracle.withBoth(
        (ours, oracle) -> {
          List<String> differences = new ArrayList<>();
          for (String name : ours.call("COMMAND", "LIST").texts()) {
            Map<String, @Nullable Object> mine = facts(ours, name);
            Map<String, @Nullable Object> theirs = facts(oracle, name);
            if (theirs.isEmpty()) {
              continue;
            }
            mine.forEach(
                (what, value) -> {
                  if (!String.valueOf(value).equals(String.valueOf(theirs.get(what)))
                      && !NEWER.containsKey(name + " " + what)) {
                    differences.add(
                        name + " " + what + ": ours " + value + ", theirs " + theirs.get(what));
                  }
                });
          }
          assertThat(differences).isEmpty();
        });
  }

  private static Map<String, @Nullable Object> facts(TestClient client, String name) {
    Map<String, @Nullable Object> facts = new LinkedHashMap<>();
    if (!(client.call("COMMAND", "INFO", name).elements().get(0) instanceof List<?> info)) {
      return facts;
    }
    facts.put("arity", info.get(1));
    facts.put("flags", sorted(info.get(2)));
    facts.put("first key", info.get(3));
    facts.put("last key", info.get(4));
    facts.put("key step", info.get(5));
    facts.put("categories", sorted(info.get(6)));
    facts.put("tips", sorted(info.get(7)));
    List<String> specs = new ArrayList<>();
    for (Object spec : (List<?>) java.util.Objects.requireNonNull(info.get(8))) {
      Map<Object, Object> fields = Oracle.map(spec);
      fields.remove("notes");
      fields.put("flags", sorted(fields.get("flags")));
      specs.add(new java.util.TreeMap<>(fields).toString());
    }
    facts.put("key specifications", specs);
    Map<Object, Object> docs = Oracle.map(client.call("COMMAND", "DOCS", name).elements().get(1));
    facts.put("group", docs.get("group"));
    facts.put("since", docs.get("since"));
    return facts;
  }

  private static Set<String> sorted(@Nullable Object list) {
    Set<String> sorted = new TreeSet<>();
    for (Object each : (List<?>) java.util.Objects.requireNonNull(list)) {
      sorted.add(String.valueOf(each));
    }
    return sorted;
  }
}
