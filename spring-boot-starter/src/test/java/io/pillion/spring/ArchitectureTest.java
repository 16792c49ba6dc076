package io.pillion.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.context.annotation.Bean;

/** The arrows of the starter: settings at the root, one leaf for each thing it configures. */
@AnalyzeClasses(
    packages = "io.pillion.spring",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.pillion.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule theRootKnowsNoLeaf =
      noClasses()
          .that()
          .resideInAPackage("io.pillion.spring")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.pillion.spring.(*)..")
          .because("an application may leave any of them out");

  @ArchTest
  static final ArchRule enginesAndLettuceAreTheClients =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.pillion.spring.diagnostics")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.pillion.engine..", "io.lettuce..", "io.netty..")
          .because("whatever carries commands can be exchanged");

  @ArchTest
  static final ArchRule autoConfigurationsArePublicAndFinal =
      classes()
          .that()
          .areAnnotatedWith(AutoConfiguration.class)
          .should()
          .bePublic()
          .andShould()
          .haveModifier(JavaModifier.FINAL);

  @ArchTest
  static final ArchRule beanMethodsAreNoInterface =
      methods().that().areAnnotatedWith(Bean.class).should().bePackagePrivate();
}
