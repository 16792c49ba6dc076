package io.pillion.session;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ObjectInputStream;

/** Sessions know commands and Spring Session, and nothing below or beside them. */
@AnalyzeClasses(
    packages = "io.pillion.session",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule sessionsKnowOnlyCommands =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.pillion.engine..",
              "io.pillion.cache..",
              "io.pillion.jcache..",
              "io.pillion.spring..",
              "io.lettuce..",
              "io.netty..")
          .because("whatever carries commands can be exchanged, and a cache is another matter");

  @ArchTest
  static final ArchRule onlyTheFilteredCodecDeserializes =
      noClasses()
          .that()
          .haveNameNotMatching("io\\.pillion\\.session\\.JdkAttributeCodec(\\$.*)?")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(ObjectInputStream.class)
          .because("everything read from a server passes the allow-list");
}
