import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { type Compressor, errorFeedback } from '../compressor.ts';
import { int8, int8Compressor } from './int8.ts';
import { topK, topKCompressor } from './topK.ts';

const ALL: readonly (readonly [string, Compressor])[] = [
  ['topK of 1 %', topKCompressor(0.01)],
  ['topK of 30 %', topKCompressor(0.3)],
  ['topK of all', topKCompressor(1)],
  ['int8', int8Compressor],
];

const invalid = expect.objectContaining({ code: 'update-invalid' });
/** Floats whose sums stay finite, small and large, zeros and denormals among them. */
const floats = (most = 700) =>
  fc.float32Array({ minLength: 1, maxLength: most, min: Math.fround(-1e37), max: Math.fround(1e37), noNaN: true });
const normOf = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
const noise = (length: number, seed: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random() - 0.5);
};

describe.each(ALL)('%s', (name, compressor) => {
  test('what was sent and what is left are exactly what was to be sent', () => {
    fc.assert(
      fc.property(floats(), fc.nat(), (values, seed) => {
        const before = noise(values.length, seed);
        const feedback = errorFeedback(compressor, values.length, before);
        const sent = feedback.send(values);
        for (const [i, value] of values.entries()) {
          const wanted = Math.fround(value + (before[i] as number));
          expect((sent.values[i] as number) + (feedback.residual[i] as number) === wanted).toBe(true);
        }
        expect(compressor.expand(sent.bytes, values.length)).toEqual(sent.values);
      }),
      { numRuns: 60 },
    );
  });

  test('after many rounds nothing is missing but the last residual', () => {
    const length = 400;
    const feedback = errorFeedback(compressor, length);
    const [all, sent] = [new Float64Array(length), new Float64Array(length)];
    const norms: number[] = [];
    for (let round = 0; round < 600; round++) {
      const values = noise(length, round).map((value, i) => value + 0.1 * Math.sin(i));
      const message = feedback.send(values);
      for (let i = 0; i < length; i++) {
        all[i] = (all[i] as number) + (values[i] as number);
        sent[i] = (sent[i] as number) + (message.values[i] as number);
      }
      norms.push(normOf(feedback.residual));
    }
    for (const [i, total] of all.entries()) {
      expect((sent[i] as number) + (feedback.residual[i] as number)).toBeCloseTo(total, 3);
    }
    // The residual does not grow with the rounds, so the mean of what was sent converges to the mean of what was meant.
    const first = Math.max(...norms.slice(0, 300));
    expect(Math.max(...norms.slice(300))).toBeLessThanOrEqual(1.5 * first);
    expect(normOf(feedback.residual) / 600).toBeLessThan(
      0.05 * normOf(Float32Array.from(all, (sum) => sum / 600)) + 0.1,
    );
  });

  test('bytes that are cut, longer or changed are refused, or are other finite values; never anything else', () => {
    const values = noise(600, 1);
    const bytes = compressor.compress(values);
    for (let end = 0; end < bytes.length; end += 7) {
      expect(() => compressor.expand(bytes.subarray(0, end), 600)).toThrow(invalid);
    }
    expect(() => compressor.expand(new Uint8Array([...bytes, 0]), 600)).toThrow(invalid);
    expect(() => compressor.expand(bytes, 599)).toThrow(invalid);
    const random = seededRandom(2);
    for (let trial = 0; trial < 300; trial++) {
      const changed = bytes.slice();
      changed[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const read = expanded(compressor, changed, 600);
      expect(read.length === 0 || (read.length === 600 && read.every(Number.isFinite))).toBe(true);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 40 }), (noisy, length) => {
        const mark = bytes.slice(0, 4);
        const read = expanded(compressor, new Uint8Array([...mark, length, 0, 0, 0, ...noisy]), length);
        expect(read.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  test('values that are not finite are not sent, and the residual stays', () => {
    const feedback = errorFeedback(compressor, 3);
    feedback.send(Float32Array.of(1, 0.001, -0.3));
    const before = feedback.residual.slice();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => feedback.send(Float32Array.of(0, value, 0))).toThrow(
        expect.objectContaining({ code: 'not-finite' }),
      );
    }
    expect(feedback.residual).toEqual(before);
    expect(() => feedback.send(new Float32Array(2))).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test('bytes of another compressor are refused', () => {
    const values = noise(100, 4);
    for (const [other, { compress }] of ALL) {
      if (other.slice(0, 4) === name.slice(0, 4)) continue;
      expect(() => compressor.expand(compress(values), 100)).toThrow(invalid);
    }
    expect(() => compressor.expand(new Uint8Array(), 100)).toThrow(invalid);
  });
});

/** The values that bytes stand for; none if they are refused as they should be. */
function expanded(compressor: Compressor, bytes: Uint8Array, length: number): Float32Array {
  try {
    return compressor.expand(bytes, length);
  } catch (error) {
    expect(error).toEqual(invalid);
    return new Float32Array();
  }
}

test('topK sends the largest, of equal ones the first, at five bytes each', () => {
  const sent = topKCompressor(0.4).compress(Float32Array.of(1, -3, 2, 2, 0));
  expect(topKCompressor(1).expand(sent, 5)).toEqual(Float32Array.of(0, -3, 2, 0, 0));
  const many = topKCompressor(0.02).compress(noise(10_000, 5));
  expect(many.length).toBeLessThan(12 + 200 * 5.6);
  // A gap of more than 128² positions takes three bytes.
  const far = new Float32Array(70_000);
  far[69_999] = 7;
  expect(topKCompressor(1e-5).compress(far).length).toBe(12 + 3 + 4);
  expect(topKCompressor(1).expand(topKCompressor(1e-5).compress(far), 70_000)).toEqual(far);
});

test('a position in more bytes than it needs is refused', () => {
  const bytes = topKCompressor(0.5).compress(Float32Array.of(0, 5));
  const longer = new Uint8Array([...bytes.slice(0, 12), 0x81, 0, ...bytes.slice(13)]);
  expect(() => topKCompressor(1).expand(longer, 2)).toThrow(invalid);
});

test('int8 is off by at most half a step of its block, at a byte a value', () => {
  const values = noise(1000, 6).map((value, i) => (i < 256 ? value * 1000 : value));
  const bytes = int8Compressor.compress(values);
  expect(bytes.length).toBe(8 + 4 * 4 + 1000);
  const read = int8Compressor.expand(bytes, 1000);
  for (const [i, value] of values.entries()) {
    expect(Math.abs((read[i] as number) - value)).toBeLessThanOrEqual((i < 256 ? 500 : 0.5) / 253);
  }
});

test('a fraction out of range is refused', () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  for (const fraction of [0, -1, 1.1, Number.NaN]) expect(() => topK({ fraction })).toThrow(refused);
  expect(() => errorFeedback(int8Compressor, 3, new Float32Array(2))).toThrow(refused);
});

test('an encoding packs all arrays of an update, remembers what it left out, and gives names and shapes back', () => {
  const values = {
    kernel: { data: Float32Array.of(5, 0.1, -4, 0.2), shape: [2, 2] },
    bias: { data: Float32Array.of(0.3), shape: [1] },
  };
  const shapes = { kernel: [2, 2], bias: [1] };
  const encoding = topK({ fraction: 0.4 });
  const first = encoding.encode(values, {});
  expect(topK().decode(first as typeof values, shapes, {})).toEqual({
    kernel: { data: Float32Array.of(5, 0, -4, 0), shape: [2, 2] },
    bias: { data: Float32Array.of(0), shape: [1] },
  });
  expect(encoding.residual).toEqual(Float32Array.of(0, 0.1, 0, 0.2, 0.3));
  // After a restart it goes on: what is left of the first round goes out in the second.
  const zeros = {
    kernel: { data: new Float32Array(4), shape: [2, 2] },
    bias: { data: new Float32Array(1), shape: [1] },
  };
  const later = topK({ fraction: 0.4, residual: encoding.residual });
  expect(topK().decode(later.encode(zeros, {}) as typeof values, shapes, {})).toMatchObject({
    kernel: { data: Float32Array.of(0, 0, 0, 0.2) },
    bias: { data: Float32Array.of(0.3) },
  });
  expect(int8().encode(values, {})).toMatchObject({ packed: { data: expect.any(Uint8Array) } });
});

test('an encoding refuses what it did not pack', () => {
  const shapes = { bias: [2] };
  const bias = { data: Float32Array.of(1, 2), shape: [2] };
  const { packed } = int8().encode({ bias }, {}) as { packed: { data: Uint8Array; shape: number[] } };
  const others: readonly NamedArrays[] = [{}, { bias }, { packed: bias }, { packed, bias }];
  for (const values of others) {
    expect(() => int8().decode(values, shapes, {})).toThrow(invalid);
  }
  expect(() => int8().decode({ packed }, { bias: [3] }, {})).toThrow(invalid);
  expect(() => int8().decode({ packed }, { bias: [null, 2] }, {})).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  );
});

test('what travels is the change: what the round began with is taken away, and added again', () => {
  const before = { bias: { data: Float32Array.of(100, 200), shape: [2] } };
  const values = { bias: { data: Float32Array.of(100.5, 200), shape: [2] } };
  const sent = topK({ fraction: 0.5 }).encode(values, before) as typeof values;
  expect(topK().decode(sent, { bias: [2] }, before)).toEqual(values);
  expect(topK().decode(sent, { bias: [2] }, {})).toEqual({ bias: { data: Float32Array.of(0.5, 0), shape: [2] } });
});
