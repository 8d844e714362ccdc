/**
 * linalg/ holds numerical building blocks on typed arrays: seeded random numbers, statistics, factorisations. It is
 * pure: no disk, no session, no clock, no global state. Equal arguments give equal bits.
 */
import { internalError } from '../protocol/errors';

/** A seeded stream of random numbers. */
export interface Random {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** A double in [0, 1), 53 random bits. */
  uniform(): number;
  /** A standard normal double (polar method). */
  normal(): number;
  /** An integer in [0, bound), without modulo bias; bound in [1, 2^32]. */
  integer(bound: number): number;
}

/** 32-bit finaliser of MurmurHash3 (Appleby). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/**
 * xoshiro128** (Blackman and Vigna), its state filled from `seed` and `stream`.
 *
 * @param seed a safe integer
 * @param stream names what the numbers are for: streams of one seed are independent, so that drawing more of one
 *   changes nothing in another
 */
export function createRandom(seed: number, stream: string): Random {
  if (!Number.isSafeInteger(seed)) throw internalError(`seed ${seed} is not a safe integer`);
  let hash = mix((seed % 2 ** 32) ^ 0x9e3779b9) ^ mix(Math.floor(seed / 2 ** 32) + 0x7f4a7c15);
  for (let i = 0; i < stream.length; i++) hash = mix(Math.imul(hash ^ stream.charCodeAt(i), 0x01000193));
  let counter = hash;
  const next = (): number => {
    counter = (counter + 0x9e3779b9) | 0;
    return mix(counter) | 0;
  };
  // `mix` is a bijection and the four counters differ, so at most one word is zero.
  let [s0, s1, s2, s3] = [next(), next(), next(), next()];
  let spare: number | undefined;

  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const squared = x * x + y * y;
      if (squared >= 1 || squared === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(squared)) / squared);
      spare = y * factor;
      return x * factor;
    }
  };
  const integer = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) throw internalError(`random bound ${bound}`);
    // Values past the last whole multiple of `bound` would favour small results.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = uint32();
      if (value < limit) return value % bound;
    }
  };
  return { uint32, uniform, normal, integer };
}

/** A uniformly random order of the items (Fisher-Yates); the argument is left as it is. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = result[i]!;
    result[i] = result[j]!;
    result[j] = held;
  }
  return result;
}
