package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The examples in docs/jcache.md are what the tests run that are named before them. After a change
 * of an example, run this test with {@code -DargLine=-Dpillion.write.docs=true} to write them anew.
 */
class DocumentationTest {
  private static final Path PAGE = Path.of("..", "docs", "jcache.md");
  private static final Path TESTS = Path.of("src", "test", "java", "io", "pillion", "jcache");
  private static final Pattern EXAMPLE =
      Pattern.compile("(<!-- runs as (\\w+) -->\n```java\n)(.*?)(```\n)", Pattern.DOTALL);
  private static final Pattern CODE =
      Pattern.compile(" *// docs: begin\n(.*?) *// docs: end\n", Pattern.DOTALL);

  @Test
  void examplesAreWhatTestsRun() throws IOException {
    String page = Files.readString(PAGE);
    StringBuilder expected = new StringBuilder();
    Matcher examples = EXAMPLE.matcher(page);
    int found = 0;
    while (examples.find()) {
      String code = codeOf(examples.group(2));
      examples.appendReplacement(
          expected, Matcher.quoteReplacement(examples.group(1) + code + examples.group(4)));
      found++;
    }
    examples.appendTail(expected);
    assertThat(found).isEqualTo(3);
    if (Boolean.getBoolean("pillion.write.docs")) {
      Files.writeString(PAGE, expected);
    } else {
      assertThat(page).isEqualTo(expected.toString());
    }
  }

  private static String codeOf(String test) throws IOException {
    Matcher code = CODE.matcher(Files.readString(TESTS.resolve(test + ".java")));
    assertThat(code.find()).as("marked lines in " + test).isTrue();
    return code.group(1).stripTrailing().stripIndent() + "\n";
  }
}
