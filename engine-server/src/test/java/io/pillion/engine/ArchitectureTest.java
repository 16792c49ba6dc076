package io.pillion.engine;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ObjectInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The packages of the engine and who may use whom: arrows point down. The table is the one in
 * ARCHITECTURE.md; a package that is in neither list fails the test, so that each new one is
 * thought about.
 */
@AnalyzeClasses(
    packages = "io.pillion.engine",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.pillion.engine.";

  /** What a package may use besides itself, {@code world} and {@code config}. */
  private static final Map<String, Set<String>> MAY_USE =
      Map.ofEntries(
          Map.entry(
              "server",
              Set.of(
                  "net",
                  "command",
                  "acl",
                  "observe",
                  "pubsub",
                  "replication",
                  "scripting",
                  "persistence",
                  "tracking",
                  "dispatch",
                  "keyspace",
                  "datatype",
                  "memory",
                  "protocol")),
          Map.entry("net", Set.of("dispatch", "memory", "protocol")),
          Map.entry("observe", Set.of("dispatch", "keyspace", "memory", "protocol")),
          Map.entry(
              "command",
              Set.of(
                  "acl",
                  "observe",
                  "pubsub",
                  "replication",
                  "scripting",
                  "persistence",
                  "tracking",
                  "dispatch",
                  "keyspace",
                  "datatype",
                  "memory",
                  "protocol")),
          Map.entry("acl", Set.of("dispatch", "keyspace", "memory", "protocol")),
          Map.entry("tracking", Set.of("dispatch", "keyspace", "memory", "protocol")),
          Map.entry(
              "replication", Set.of("persistence", "dispatch", "keyspace", "memory", "protocol")),
          Map.entry("scripting", Set.of("dispatch", "keyspace", "memory", "protocol")),
          Map.entry("pubsub", Set.of("dispatch", "keyspace", "memory", "protocol")),
          Map.entry(
              "persistence", Set.of("dispatch", "keyspace", "datatype", "memory", "protocol")),
          Map.entry("dispatch", Set.of("keyspace", "memory", "protocol")),
          Map.entry("keyspace", Set.of("datatype", "memory")),
          Map.entry("datatype", Set.of("memory")),
          Map.entry("protocol", Set.of("memory")),
          Map.entry("memory", Set.of()),
          Map.entry("config", Set.of()),
          Map.entry("world", Set.of()));

  private static final Set<String> LIBRARIES = Set.of("java..", "org.slf4j..", "org.jspecify..");

  private static final Map<String, Set<String>> OWN_LIBRARIES =
      Map.of(
          "net", Set.of("io.netty..", "jdk.net..", "javax.net.ssl.."),
          "command", Set.of("com.sun.management..", "org.HdrHistogram.."),
          "dispatch", Set.of("org.HdrHistogram.."),
          "persistence", Set.of("com.cronutils.."),
          "server", Set.of("ch.qos.logback.."),
          "world", Set.of("com.sun.management..", "com.sun.nio.file.."));

  @ArchTest
  static void everyPackageIsInTheTable(JavaClasses classes) {
    Set<String> found = new TreeSet<>();
    for (JavaClass each : classes) {
      found.add(each.getPackageName().substring(ROOT.length()).split("\\.", 2)[0]);
    }
    assertThat(MAY_USE.keySet()).containsAll(found);
  }

  @ArchTest
  static void arrowsPointDown(JavaClasses classes) {
    MAY_USE.forEach(
        (name, below) -> {
          List<String> allowed = new ArrayList<>();
          Stream.concat(Stream.of(name, "world", "config"), below.stream())
              .forEach(each -> allowed.add(ROOT + each + ".."));
          allowed.addAll(LIBRARIES);
          allowed.addAll(OWN_LIBRARIES.getOrDefault(name, Set.of()));
          classes()
              .that()
              .resideInAPackage(ROOT + name + "..")
              .should()
              .onlyDependOnClassesThat()
              .resideInAnyPackage(allowed.toArray(String[]::new))
              .because(name + " may use only " + below.stream().sorted().collect(joining(", ")))
              .allowEmptyShould(true)
              .check(classes);
        });
  }

  @ArchTest
  static final ArchRule noPackageCycles =
      slices().matching("io.pillion.engine.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule clocksChanceThreadsFilesAndSocketsComeThroughTheWorld =
      noClasses()
          .that()
          .resideOutsideOfPackages(ROOT + "world..", ROOT + "net..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("java.net..", "java.nio.file..", "java.nio.channels..")
                  .or(
                      named(
                          "java.io.File",
                          "java.io.FileInputStream",
                          "java.io.FileOutputStream",
                          "java.io.FileReader",
                          "java.io.FileWriter",
                          "java.io.RandomAccessFile",
                          "java.util.Random",
                          "java.util.SplittableRandom",
                          "java.util.Timer",
                          "java.util.concurrent.Executors",
                          "java.util.concurrent.ForkJoinPool",
                          "java.util.concurrent.ThreadLocalRandom",
                          "java.util.concurrent.ThreadPoolExecutor",
                          "java.security.SecureRandom",
                          "java.time.Clock")))
          .orShould()
          .accessTargetWhere(
              member(
                  "java.lang.System.currentTimeMillis",
                  "java.lang.System.nanoTime",
                  "java.lang.Math.random",
                  "java.lang.Thread.<init>",
                  "java.lang.Thread.sleep",
                  "java.time.Instant.now",
                  "java.time.LocalDateTime.now",
                  "java.time.ZonedDateTime.now",
                  "java.util.UUID.randomUUID",
                  "java.util.concurrent.CompletableFuture.supplyAsync",
                  "java.util.concurrent.CompletableFuture.runAsync"))
          .because("a group of engines must run in one seeded, single-threaded test");

  @ArchTest
  static final ArchRule javaObjectsAreNeverDeserialized =
      noClasses().should().dependOnClassesThat(assignableTo(ObjectInputStream.class));

  @ArchTest
  static final ArchRule globsAreNoRegularExpressions =
      noClasses().should().dependOnClassesThat(resideInAnyPackage("java.util.regex.."));

  private static DescribedPredicate<JavaClass> named(String... names) {
    Set<String> all = Set.of(names);
    return DescribedPredicate.describe(
        "are one of " + all, javaClass -> all.contains(javaClass.getName()));
  }

  private static DescribedPredicate<JavaAccess<?>> member(String... fullNames) {
    Set<String> all = Set.of(fullNames);
    return DescribedPredicate.describe(
        "is one of " + all,
        access ->
            all.contains(access.getTargetOwner().getName() + "." + access.getTarget().getName()));
  }
}
