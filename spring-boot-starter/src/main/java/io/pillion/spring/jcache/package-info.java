/** The JSR-107 cache manager as a bean. */
@NullMarked
package io.pillion.spring.jcache;

import org.jspecify.annotations.NullMarked;
