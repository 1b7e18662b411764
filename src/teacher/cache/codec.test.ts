import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../core/hash.ts';
import { seededRandom } from '../../core/random.ts';
import { codecOf } from './codec.ts';
import { crc32 } from './crc32.ts';
import { ceilFloat16, floorFloat16, fromFloat16, toFloat16 } from './float16.ts';
import type { Precision } from './precision.ts';

/** Made by scripts/golden/precision.py with numpy, PyTorch and zlib. */
const golden = JSON.parse(readFileSync(new URL('golden/precision.json', import.meta.url), 'utf8')) as {
  readonly float16: {
    readonly edges: readonly [bits: number, half: number][];
    readonly sweep: { readonly count: number; readonly stride: number; readonly sha256: string };
    readonly decoded: string;
  };
  readonly topK: readonly TopKCase[];
  readonly crc32: readonly [text: string, crc: number][];
  readonly crc32Of256Bytes: number;
};

/** Rows are in units of 1 / 64; a long one is given as [place, value], and is −3 elsewhere. */
interface TopKCase {
  readonly classes: number;
  readonly k: number;
  readonly row: readonly number[] | readonly [number, number][];
  readonly places: readonly number[];
  readonly probs: readonly number[];
  readonly restMass: number;
  readonly restLogSum: number;
}

describe('float16', () => {
  test.each(golden.float16.edges)('of the float32 bits %i is %i, as numpy has it', (bits, half) => {
    expect(toFloat16(new Float32Array(Uint32Array.of(bits).buffer)[0] as number)).toBe(half);
  });

  test('a million float32 numbers of all sizes are rounded as numpy rounds them', async () => {
    const { count, stride, sha256: expected } = golden.float16.sweep;
    const bits = Uint32Array.from({ length: count }, (_, i) => (i * stride) % 2 ** 32);
    const numbers = new Float32Array(bits.buffer);
    const halves = Uint16Array.from(numbers, (number) => toFloat16(Number.isNaN(number) ? 0 : number));
    expect(await sha256(new Uint8Array(halves.buffer))).toBe(expected);
  });

  test('all 65,536 of them are the numbers that numpy says, and come back as they were', async () => {
    const numbers = Float32Array.from({ length: 1 << 16 }, (_, half) => fromFloat16(half));
    for (const [half, number] of numbers.entries()) {
      if (Number.isNaN(number)) numbers[half] = 0;
      else expect(toFloat16(number)).toBe(half);
    }
    expect(await sha256(new Uint8Array(numbers.buffer))).toBe(golden.float16.decoded);
    expect(fromFloat16(toFloat16(Number.NaN))).toBeNaN();
  });

  test('is rounded down and up to its neighbours', () => {
    for (const number of numbersOfAllSizes(2000, 60000)) {
      const half = floorFloat16(number);
      expect(fromFloat16(half)).toBeLessThanOrEqual(number);
      expect(fromFloat16(nextAbove(half))).toBeGreaterThan(number);
      const above = ceilFloat16(Math.abs(number));
      expect(fromFloat16(above)).toBeGreaterThanOrEqual(Math.abs(number));
      if (above > 0) expect(fromFloat16(above - 1)).toBeLessThan(Math.abs(number));
    }
    expect(fromFloat16(floorFloat16(-1e-10))).toBe(-(2 ** -24));
    expect([floorFloat16(-1e9), floorFloat16(1e9), ceilFloat16(1e9)].map(fromFloat16)).toEqual([-65504, 65504, 65504]);
  });
});

describe('a row as float16', () => {
  test('is within 2^-11 of each value, or 2^-25 where values are tiny', () => {
    for (const values of [numbersOfAllSizes(501, 60000), numbersOfAllSizes(501, 1e-5)]) {
      const { given, bytes } = roundTrip('float16', values);
      expect(bytes).toBe(2 * values.length);
      for (const [i, value] of values.entries()) {
        const bound = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
        expect(Math.abs((given[i] as number) - value)).toBeLessThanOrEqual(bound);
      }
    }
  });

  test('is cut at the largest number, and says how often', () => {
    const { given, cut } = roundTrip('float16', Float32Array.of(65504, 65519, -1e6, 65520));
    expect([...given]).toEqual([65504, 65504, -65504, 65504]);
    expect(cut).toBe(2);
  });
});

describe('a row as int8', () => {
  test.each([
    { name: 'logits', least: -30, most: 45 },
    { name: 'probabilities', least: 0, most: 1 },
    { name: 'far from zero', least: 1000, most: 1001 },
    { name: 'far below zero', least: -65000, most: -64000 },
    { name: 'tiny', least: -1e-6, most: 1e-6 },
  ])('$name: within half a step, of 255 from the smallest to the largest', ({ least, most }) => {
    const random = seededRandom(5);
    for (const width of [2, 10, 1000]) {
      const values = Float32Array.from({ length: width }, () => least + (most - least) * random());
      const { given, bytes, cut } = roundTrip('int8', values);
      expect(bytes).toBe(width + 4);
      expect(cut).toBe(0);
      // The smallest is rounded down by float16's step there, and the step is rounded up, by 2^-10 or 2^-24.
      const low = Math.min(...values);
      const range = Math.max(...values) - low + Math.max(Math.abs(low) * 2 ** -10, 2 ** -24);
      const step = Math.max((range / 255) * (1 + 2 ** -10), range / 255 + 2 ** -24);
      const rounding = Math.max(Math.abs(least), Math.abs(most)) * 2 ** -24;
      for (const [i, value] of values.entries()) {
        expect(Math.abs((given[i] as number) - value)).toBeLessThanOrEqual(step / 2 + rounding);
      }
    }
  });

  test('equal values and a single one come back within float16', () => {
    expect([...roundTrip('int8', Float32Array.of(0.5, 0.5, 0.5)).given]).toEqual([0.5, 0.5, 0.5]);
    expect(roundTrip('int8', Float32Array.of(1 / 3)).given[0]).toBeCloseTo(1 / 3, 5);
    expect(roundTrip('int8', new Float32Array(0)).given).toHaveLength(0);
  });

  test('is cut where it starts below what 16 bits hold', () => {
    const { given, cut } = roundTrip('int8', Float32Array.of(-1e6, 0));
    expect(given[0]).toBe(-65504);
    expect(Math.abs(given[1] as number)).toBeLessThan(130);
    expect(cut).toBe(1);
  });
});

describe('a row as its largest', () => {
  test.each(golden.topK)('$k of $classes: the probabilities and the mass of the rest that PyTorch has', (one) => {
    const values = rowOf(one);
    const { given, cut } = roundTrip({ topK: one.k }, values);
    expect(cut).toBe(0);
    const probs = softmax(given);
    // The kept values are float16 numbers as they are; the rest's one number is rounded by 2^-11 of itself.
    const error = Math.max(Math.abs(one.restLogSum) * 2 ** -11, 2 ** -25);
    let mass = 0;
    for (const [c, p] of probs.entries()) if (!one.places.includes(c)) mass += p;
    expect(Math.abs(mass - one.restMass)).toBeLessThanOrEqual(one.restMass * (Math.exp(error) - 1) + 1e-8);
    for (const [i, place] of one.places.entries()) {
      expect(given[place]).toBe(values[place]);
      expect(Math.abs((probs[place] as number) - (one.probs[i] as number))).toBeLessThanOrEqual(error + 1e-7);
    }
    const rest = [...given].filter((_, c) => !one.places.includes(c));
    expect(new Set(rest).size).toBe(1);
  });

  test('of probabilities keeps their sum, and of their logarithms the sum of exponentials', () => {
    const probs = Float32Array.of(0.5, 0.25, 0.125, 0.0625, 0.0625);
    const kept = [...roundTrip({ topK: 2 }, probs, 'probs').given];
    expect(kept.slice(0, 2)).toEqual([0.5, 0.25]);
    for (const rest of kept.slice(2)) expect(rest).toBeCloseTo(0.25 / 3, 6);
    const logProbs = roundTrip({ topK: 2 }, probs.map(Math.log), 'logProbs').given;
    expect(logProbs.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 3);
    expect(logProbs[3]).toBeCloseTo(Math.log(0.25 / 3), 3);
  });

  test('of equal values takes the first, and never puts one of the rest above them', () => {
    const { given } = roundTrip({ topK: 2 }, Float32Array.of(1, 3, 3, 3, 2));
    expect([given[1], given[2]]).toEqual([3, 3]);
    expect(Math.max(given[0] as number, given[3] as number, given[4] as number)).toBeLessThan(3);
  });

  test.each([
    { classes: 10, k: 8, bytes: 2 + 16 + 2 },
    { classes: 10, k: 1, bytes: 1 + 2 + 2 },
    { classes: 256, k: 8, bytes: 8 + 16 + 2 },
    { classes: 257, k: 8, bytes: 16 + 16 + 2 },
    { classes: 6625, k: 8, bytes: 16 + 16 + 2 },
    { classes: 70000, k: 8, bytes: 32 + 16 + 2 },
    { classes: 8, k: 8, bytes: 16 },
    { classes: 8, k: 9, bytes: 16 },
  ])('$k of $classes take $bytes bytes', ({ classes, k, bytes }) => {
    expect(roundTrip({ topK: k }, numbersOfAllSizes(classes, 50)).bytes).toBe(bytes);
  });
});

test('the checksum is that of zlib', () => {
  for (const [text, crc] of golden.crc32) expect(crc32(new TextEncoder().encode(text))).toBe(crc);
  expect(crc32(Uint8Array.from({ length: 256 }, (_, i) => i))).toBe(golden.crc32Of256Bytes);
});

/** Encodes a row into the midst of other bytes and decodes it into the midst of other values. */
function roundTrip(precision: Exclude<Precision, 'float32'>, values: Float32Array, output = 'logits') {
  const width = values.length;
  const codec = codecOf(precision, output, width);
  const size = codec.bytesOf(width);
  const bytes = new Uint8Array(size + 5).fill(0xaa);
  const around = new Float32Array(width + 2).fill(7);
  around.set(values, 1);
  const cut = codec.encode(around, 1, width, bytes, 3);
  expect([...bytes.subarray(0, 3), ...bytes.subarray(3 + size)]).toEqual([0xaa, 0xaa, 0xaa, 0xaa, 0xaa]);
  const target = new Float32Array(width + 2).fill(7);
  codec.decode(bytes, 3, width, target, 1);
  expect([target[0], target[width + 1]]).toEqual([7, 7]);
  return { given: target.subarray(1, width + 1), cut, bytes: size };
}

function numbersOfAllSizes(count: number, most: number): Float32Array {
  const random = seededRandom(3);
  return Float32Array.from({ length: count }, () => (random() < 0.5 ? -1 : 1) * most * 2 ** (-30 * random()));
}

function nextAbove(half: number): number {
  if (half === 0x8000) return 1;
  return half & 0x8000 ? half - 1 : half + 1;
}

function rowOf({ classes, row }: TopKCase): Float32Array {
  if (typeof row[0] === 'number') return Float32Array.from(row as readonly number[], (n) => n / 64);
  const values = new Float32Array(classes).fill(-3 / 64);
  for (const [place, n] of row as readonly [number, number][]) values[place] = n / 64;
  return values;
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const sizes = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = sizes.reduce((a, b) => a + b, 0);
  return sizes.map((size) => size / sum);
}
