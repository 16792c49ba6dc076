package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Hashing;
import io.pillion.engine.memory.Span;

/**
 * A walk over a large sorted set while it changes: from the highest entry to the lowest, as whoever
 * reads them builds the fastest from, except for what is about to change, which is shown by pages
 * of the index of members.
 *
 * <p>What was shown is therefore all entries from the last one on that the walk came to, by the
 * scores at the beginning, and some ranges of hash values. An entry that changed has a hash in such
 * a range, whatever its score is now.
 */
final class SortedSetWalk extends HashedWalk {
  private static final int ENTRIES_PER_STEP = 32;

  private final Arena arena;
  private final ScoreTree tree;
  private final MemberIndex index;
  private final SortedSetValue.Visitor visitor;
  private final Span member;
  private long record;
  private long recordHash;
  private boolean begun;
  private boolean ended;
  private double reachedScore;

  /** A view of the first bytes of an array of its own, which grows. */
  private final Bytes reachedMember = Bytes.of(new byte[64]);

  SortedSetWalk(
      Arena arena, ScoreTree tree, MemberIndex index, long size, SortedSetValue.Visitor visitor) {
    super(size);
    this.arena = arena;
    this.tree = tree;
    this.index = index;
    this.visitor = visitor;
    member = new Span(arena);
  }

  @Override
  int seek(long hash) {
    return index.seekHash(hash);
  }

  @Override
  int count() {
    return index.recordsHere();
  }

  @Override
  void open(int i) {
    record = index.recordHere(i);
    recordHash = index.hashHere(i);
  }

  @Override
  long hash() {
    return recordHash;
  }

  @Override
  void show() {
    if (begun && (ended || wasReached())) {
      return;
    }
    visitor.visit(MemberRecord.member(arena, record, member), MemberRecord.score(arena, record));
  }

  private boolean wasReached() {
    double score = MemberRecord.score(arena, record);
    return score != reachedScore
        ? score > reachedScore
        : MemberRecord.compare(arena, record, reachedMember) >= 0;
  }

  @Override
  public boolean step() {
    int size = tree.size();
    int below = begun ? tree.rankOf(reachedScore, reachedMember) : size;
    begun = true;
    if (below == 0) {
      ended = true;
      return false;
    }
    tree.seekRank(below - 1, size);
    for (int left = Math.min(ENTRIES_PER_STEP, below); ; ) {
      record = tree.record();
      MemberRecord.member(arena, record, member);
      if (!wasShown(Hashing.hash(arena, member.address(), member.length(), arena.hashSeed()))) {
        visitor.visit(member, tree.score());
      }
      if (--left == 0) {
        break;
      }
      tree.backward();
    }
    reachedScore = tree.score();
    int length = MemberRecord.member(arena, record, member).length();
    byte[] bytes = reachedMember.array();
    if (bytes.length < length) {
      bytes = new byte[Math.max(length, 2 * bytes.length)];
    }
    arena.copyOut(member.address(), bytes, 0, length);
    reachedMember.wrap(bytes, 0, length);
    return true;
  }
}
