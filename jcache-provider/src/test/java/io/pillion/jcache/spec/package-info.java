/** Every operation of JSR-107 in every set-up, held against the tables of the specification. */
@NullMarked
package io.pillion.jcache.spec;

import org.jspecify.annotations.NullMarked;
