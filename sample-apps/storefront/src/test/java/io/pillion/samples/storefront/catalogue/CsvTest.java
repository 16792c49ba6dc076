package io.pillion.samples.storefront.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CsvTest {

  @Test
  void readsQuotedAndEmptyFieldsAfterTheNamesOfTheColumns() throws IOException {
    List<@Nullable String[]> records =
        Csv.records(new StringReader("id,name\n1,\"a \"\"b\"\", c\nd\"\r\n2,\n3,plain"));

    assertThat(records)
        .containsExactly(
            new String[] {"1", "a \"b\", c\nd"},
            new @Nullable String[] {"2", null},
            new String[] {"3", "plain"});
  }

  @Test
  void refusesAFieldThatIsNeverClosed() {
    assertThatThrownBy(() -> Csv.records(new StringReader("id\n\"open")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no closing quote");
  }
}
