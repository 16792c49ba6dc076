package io.pillion.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.jcache.PillionCachingProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.cache.Caching;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The TCK ran, all of it, on this provider: it cannot become empty without this test noticing. */
public class TckRanTest {
  /** 479 tests in 39 classes, and 12 tests of the annotations in 3. */
  private static final int TESTS = 491;

  private static final int CLASSES = 42;

  /** May only shrink; 1 is the test that has to be left out. */
  private static final int LEFT_OUT = 1;

  @Test
  public void everyTestOfTheTckRan() throws Exception {
    for (String reports : System.getProperty("tck.reports").split(",", -1)) {
      requireAll(reports);
    }
  }

  private static void requireAll(String reports) throws Exception {
    List<Element> tests = testCases(reports);
    TreeSet<String> classes = new TreeSet<>();
    TreeSet<String> names = new TreeSet<>();
    for (Element test : tests) {
      classes.add(test.getAttribute("classname"));
      names.add(test.getAttribute("classname") + "#" + test.getAttribute("name"));
      assertThat(test.getElementsByTagName("failure").getLength()).isZero();
      assertThat(test.getElementsByTagName("error").getLength()).isZero();
      assertThat(test.getElementsByTagName("skipped").getLength()).isZero();
    }
    assertThat(classes).hasSize(CLASSES);
    assertThat(names).hasSize(TESTS);
  }

  @Test
  public void nothingElseIsLeftOut() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("src/test/resources/ExcludeList"))) {
      assertThat(lines.filter(line -> !line.isBlank() && !line.startsWith("#")))
          .hasSize(LEFT_OUT)
          .contains("org.jsr107.tck.CachingTest#dummyTest");
    }
  }

  @Test
  public void theProviderUnderTestIsPillion() {
    assertThat(Caching.getCachingProviders()).hasSize(1);
    assertThat(Caching.getCachingProvider()).isInstanceOf(PillionCachingProvider.class);
  }

  private static List<Element> testCases(String reports) throws Exception {
    List<Element> tests = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of(reports))) {
      for (Path report : files.filter(one -> one.toString().endsWith(".xml")).toList()) {
        NodeList cases =
            DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(report.toFile())
                .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
          tests.add((Element) cases.item(i));
        }
      }
    }
    return tests;
  }
}
