package io.pillion.engine.scripting.lua;

/** What an instruction does. R are registers, K constants, RK either. */
final class Opcode {
  /** R[a] = R[b]. */
  static final int MOVE = 0;

  /** R[a] = K[b]. */
  static final int LOAD = 1;

  /** R[a] … R[a+b-1] = nil. */
  static final int LOADNIL = 2;

  /** R[a] = new cell holding R[a]. */
  static final int NEWCELL = 3;

  /** R[a] = value in the cell R[b]. */
  static final int GETCELL = 4;

  /** Value in the cell R[a] = RK[b]. */
  static final int SETCELL = 5;

  /** R[a] = upvalue b. */
  static final int GETUPVALUE = 6;

  /** Upvalue a = RK[b]. */
  static final int SETUPVALUE = 7;

  /** R[a] = environment[K[b]]. */
  static final int GETGLOBAL = 8;

  /** Environment[K[c]] = RK[b]. */
  static final int SETGLOBAL = 9;

  /** R[a] = R[b][RK[c]]. */
  static final int GETINDEX = 10;

  /** R[a] = R[b][K[c]], a string. */
  static final int GETFIELD = 11;

  /** R[a][RK[b]] = RK[c]. */
  static final int SETINDEX = 12;

  /** R[a+1] = R[b]; R[a] = R[b][K[c]]. */
  static final int SELF = 13;

  /** R[a] = table with room for b and c. */
  static final int NEWTABLE = 14;

  /** R[a][c], R[a][c+1] … = R[a+1] … R[a+b]. */
  static final int SETLIST = 15;

  /** The same, followed by the open values. */
  static final int SETLIST_OPEN = 16;

  /** R[a] = RK[b] + RK[c]; so the five below. */
  static final int ADD = 17;

  static final int SUBTRACT = 18;
  static final int MULTIPLY = 19;
  static final int DIVIDE = 20;
  static final int MODULO = 21;
  static final int POWER = 22;

  /** R[a] = -RK[b]. */
  static final int NEGATE = 23;

  /** R[a] = not RK[b]. */
  static final int NOT = 24;

  /** R[a] = #RK[b]. */
  static final int LENGTH = 25;

  /** R[a] = R[b] .. … .. R[b+c-1]. */
  static final int CONCAT = 26;

  /** Goes on at b. */
  static final int JUMP = 27;

  /** Goes back to b. */
  static final int LOOP = 28;

  /** Goes on at b when R[a] is true. */
  static final int IF = 29;

  /** Goes on at b when R[a] is false or nil. */
  static final int UNLESS = 30;

  /** When (RK[b] == RK[c]) is a, the next instruction, a jump, is done, else skipped. */
  static final int EQUAL = 31;

  /** So for less than. */
  static final int LESS = 32;

  /** So for at most. */
  static final int LESS_EQUAL = 33;

  /** Calls R[a] with R[a+1] … R[a+b]; results to R[a] …, c-1 of them, or open when c is 0. */
  static final int CALL = 34;

  /** The same, with the open values as further arguments. */
  static final int CALL_OPEN = 35;

  /** Returns what R[a] returns for R[a+1] … R[a+b]. */
  static final int TAILCALL = 36;

  static final int TAILCALL_OPEN = 37;

  /** Returns R[a] … R[a+b-1]. */
  static final int RETURN = 38;

  /** The same, with the open values after them. */
  static final int RETURN_OPEN = 39;

  /** R[a] … R[a+b-1] = the further arguments. */
  static final int VARARG = 40;

  /** Open values = the further arguments. */
  static final int VARARG_OPEN = 41;

  /** Checks R[a], R[a+1], R[a+2]: start, limit, step; goes on at b. */
  static final int FORPREPARE = 42;

  /** R[a] += R[a+2]; while within R[a+1], R[a+3] = R[a] and goes back to b. */
  static final int FORLOOP = 43;

  /** R[a+3] … = R[a](R[a+1], R[a+2]), c of them; while not nil, R[a+2] = R[a+3], back to b. */
  static final int FORIN = 44;

  /** R[a] = function b with the variables around it. */
  static final int CLOSURE = 45;

  private Opcode() {}

  static long pack(int operation, int a, int b, int c) {
    return operation | (long) a << 8 | (long) b << 20 | (long) c << 42;
  }

  static int operation(long instruction) {
    return (int) instruction & 0xFF;
  }

  static int a(long instruction) {
    return (int) (instruction >>> 8) & 0xFFF;
  }

  static int b(long instruction) {
    return (int) (instruction >>> 20) & 0x3FFFFF;
  }

  static int c(long instruction) {
    return (int) (instruction >>> 42);
  }
}
