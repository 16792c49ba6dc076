package io.pillion.samples.storefront.catalogue;

import java.io.Serializable;
import java.util.List;

/**
 * One page of a search.
 *
 * @param trackIds the tracks of this page, in order
 * @param total how many tracks match in all
 */
public record TrackPage(List<Integer> trackIds, int total) implements Serializable {}
