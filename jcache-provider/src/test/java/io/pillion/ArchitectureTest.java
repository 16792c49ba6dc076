package io.pillion;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ObjectInputStream;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** The arrows of the client side: client ← cache ← jcache, and nobody knows the next one up. */
@AnalyzeClasses(
    packages = {"io.pillion.client", "io.pillion.cache", "io.pillion.jcache"},
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule clientKnowsNoCache =
      noClasses()
          .that()
          .resideInAPackage("io.pillion.client..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.pillion.cache..", "io.pillion.jcache..", "javax.cache..")
          .because("commands are below what is built of them");

  @ArchTest
  static final ArchRule cacheKnowsNoStandard =
      noClasses()
          .that()
          .resideInAPackage("io.pillion.cache..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.pillion.jcache..", "javax.cache..", "org.springframework..")
          .because("JSR-107 and Spring are two faces of one core");

  @ArchTest
  static final ArchRule onlyTheClientKnowsEnginesAndLettuce =
      noClasses()
          .that()
          .resideInAnyPackage("io.pillion.cache..", "io.pillion.jcache..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.pillion.engine..", "io.lettuce..", "io.netty..")
          .because("whatever carries commands can be exchanged");

  @ArchTest
  static final ArchRule nothingRunsInTheCommonPool =
      noClasses()
          .should()
          .callMethodWhere(
              describe(
                  "a stage would run without an executor",
                  (JavaMethodCall call) ->
                      call.getTargetOwner().isAssignableTo(CompletionStage.class)
                          && call.getName().matches("\\w+Async|delayedExecutor")
                          && call.getTarget().getRawParameterTypes().stream()
                              .noneMatch(type -> type.isEquivalentTo(Executor.class))))
          .because("it is a single thread on a machine with two processors, and may be blocked");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.pillion.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyTheFilteredCodecDeserializes =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("io.pillion.cache.JdkCodec")
          .and()
          .doNotHaveFullyQualifiedName("io.pillion.cache.JdkCodec$LoadingStream")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(ObjectInputStream.class)
          .because("everything read from a server passes the allow-list");
}
