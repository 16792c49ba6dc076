package io.pillion.jcache.spec;

/** All cases on an engine of this JVM. */
class SpecificationMatrixEmbeddedTest extends SpecificationMatrix {
  @Override
  String url() {
    return "embedded:SpecificationMatrixEmbeddedTest";
  }
}
