package io.pillion.engine.acl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.ConfigFile;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users that survive: in a file of their own, or in the configuration file. */
class AclFileTest {
  private static final String TWO_USERS =
      "user alice on nopass ~* &* +@all\n\n  user bob on (+get ~k*) ( +set %W~w )  \r\n";

  private Path folder = Path.of("");

  @BeforeEach
  void folder(@TempDir Path fresh) {
    folder = fresh;
  }

  private Path file() {
    return folder.resolve("users.acl");
  }

  private EngineServer engine() {
    return EngineServer.in(folder, "aclfile", "users.acl");
  }

  @Test
  void usersAreReadAtTheStartAndWrittenOnCommand() throws IOException {
    Files.writeString(file(), TWO_USERS);
    try (EngineServer server = engine()) {
      TestClient r = server.client();
      assertThat(r.call("ACL", "LIST").texts())
          .containsExactly(
              "user alice on nopass sanitize-payload ~* &* +@all",
              "user bob on sanitize-payload resetchannels -@all (~k* resetchannels -@all +get)"
                  + " (%W~w resetchannels -@all +set)",
              "user default on nopass sanitize-payload ~* &* +@all");
      byte[] odd = {'~', (byte) 0xFF, (byte) 0xE4};
      r.ok("ACL", "SETUSER", "carl", ">secret", "on", odd);
      r.call("ACL", "DELUSER", "bob").is(1);
      r.ok("ACL", "SAVE");
      List<String> before = r.call("ACL", "LIST").texts();
      r.ok("ACL", "SETUSER", "carl", "reset");
      r.ok("ACL", "LOAD");
      assertThat(r.call("ACL", "LIST").texts()).isEqualTo(before);
      assertThat(Files.readString(file(), StandardCharsets.ISO_8859_1))
          .doesNotContain("secret")
          .contains("~ÿä resetchannels");
    }
    try (EngineServer server = engine()) {
      server.client().call("ACL", "USERS").isList("alice", "carl", "default");
      assertThat(folder.toFile().list()).containsOnlyOnce("users.acl").doesNotContain("tmp");
    }
  }

  @Test
  void aFileWithAnyMistakeChangesNothing() throws IOException {
    Files.writeString(file(), TWO_USERS);
    try (EngineServer server = engine()) {
      TestClient r = server.client();
      List<String> before = r.call("ACL", "LIST").texts();
      Files.writeString(
          file(),
          """
          user alice off
          user alice on
          nonsense
          user
          user x +none >secret #secret ~a ~* ~b
          user y (+get
          """);
      r.call("ACL", "LOAD")
          .isError(
              "ERR WARNING: Duplicate user 'alice' found on line 2. users.acl:3 should start with"
                  + " user keyword followed by the username. users.acl:4 should start with user"
                  + " keyword followed by the username. users.acl:5: Error in applying operation"
                  + " '+none': Unknown command or category name in ACL. users.acl:5: The password"
                  + " hash must be exactly 64 characters and contain only lowercase hexadecimal"
                  + " characters. users.acl:6: Unmatched parenthesis in selector"
                  + " definition.WARNING: ACL errors detected, no change to the previously active"
                  + " ACL rules was performed");
      assertThat(r.call("ACL", "LIST").texts()).isEqualTo(before);
      Files.delete(file());
      r.call("ACL", "LOAD")
          .isError("ERR Error loading ACLs, opening file 'users.acl': No such file or directory");
    }
    assertThatThrownBy(this::engine)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Aborting startup because of ACL errors: ");
  }

  @Test
  void loadingCutsOffWhoHasLostSomething() throws IOException {
    Files.writeString(file(), TWO_USERS);
    try (EngineServer server = engine()) {
      TestClient r = server.client();
      r.ok("ACL", "SETUSER", "carl", "on", "nopass", "+@all", "&*");
      TestClient alice = server.client();
      alice.ok("AUTH", "alice", "");
      alice.call("SUBSCRIBE", "c");
      TestClient carl = server.client();
      carl.ok("AUTH", "carl", "");
      r.ok("ACL", "LOAD");
      carl.awaitClosed();
      r.call("PUBLISH", "c", "m").is(1);
      assertThat(alice.receiveNext().elements()).contains("message");
      Files.writeString(file(), "user alice on nopass ~* &d +@all\n");
      r.ok("ACL", "LOAD");
      alice.awaitClosed();
    }
  }

  @Test
  void usersOfTheConfigurationFileAreRewrittenThere() throws IOException {
    Path config = folder.resolve("redis.conf");
    Files.writeString(
        config, "requirepass top\nuser default on +@all ~* &* >top\nuser x on +get\n");
    Parameters parameters = read(config);
    parameters.configFile(config.toString());
    try (EngineServer server = start(parameters)) {
      TestClient r = server.client();
      r.call("PING").isError("NOAUTH Authentication required.");
      r.ok("AUTH", "top");
      r.call("ACL", "USERS").isList("default", "x");
      r.ok("ACL", "SETUSER", "y", "on", "~k", "(+get ~z)");
      r.call("ACL", "DELUSER", "x").is(1);
      r.ok("CONFIG", "REWRITE");
      r.call("ACL", "SAVE")
          .satisfies(
              answer ->
                  assertThat(String.valueOf(answer)).contains("not configured to use an ACL file"));
    }
    assertThat(Files.readString(config))
        .contains("user y on sanitize-payload ~k resetchannels -@all (~z resetchannels -@all +get)")
        .doesNotContain("user x");
    try (EngineServer server = start(read(config))) {
      TestClient r = server.client();
      r.ok("AUTH", "top");
      r.call("ACL", "USERS").isList("default", "y");
    }
  }

  private static Parameters read(Path config) throws IOException {
    Parameters parameters = new Parameters();
    new ConfigFile(parameters, path -> List.of()).load(Files.readString(config));
    return parameters;
  }

  private EngineServer start(Parameters parameters) {
    return EngineServer.of(
        new EngineBuilder()
            .parameters(parameters)
            .set("dir", folder.toString())
            .set("save", "")
            .memoryBytes(64 << 20)
            .start());
  }
}
