import { describe, expect, test } from 'vitest';
import { logProbsOf } from '../core/logProbs.ts';
import { fitTemperature, meanEntropyOf, temperatureForEntropy } from './fitTemperature.ts';
import golden from './golden/temperature.json' with { type: 'json' };

describe.each(golden.cases)('equals PyTorch: $shape, scale $scale', ({ shape, scale, forEntropy, ...one }) => {
  const logits = { data: Float32Array.from(one.logits, (k) => (scale * k) / 16), shape };
  const labels = Int32Array.from(one.labels);

  test('the best temperature', () => {
    const fitted = fitTemperature(logits, labels);
    expect(Math.abs(fitted.temperature / one.temperature - 1)).toBeLessThan(1e-5);
    expect(fitted.isLimit).toBe(false);
    expect(fitted.negativeLogLikelihood.after).toBeLessThan(fitted.negativeLogLikelihood.before);
    // The temperature of the scaled logits with the highest likelihood is 1.
    const scaled = { data: logits.data.map((logit) => logit / fitted.temperature), shape };
    expect(fitTemperature(scaled, labels).temperature).toBeCloseTo(1, 5);
    expect(fitTemperature(scaled, labels).negativeLogLikelihood.before).toBeCloseTo(
      fitted.negativeLogLikelihood.after,
      6,
    );
  });

  test('the temperature for an entropy', () => {
    for (const [fraction, needed] of Object.entries(forEntropy)) {
      const temperature = temperatureForEntropy(logits, Number(fraction));
      expect(Math.abs(temperature / needed - 1), fraction).toBeLessThan(1e-5);
      const entropy = meanEntropyOf(logProbsOf(logits, temperature), shape[1] as number);
      expect(entropy / Math.log(shape[1] as number)).toBeCloseTo(Number(fraction), 6);
    }
  });
});

test('a confident answer that is wrong half of the time becomes even', () => {
  // Of 2 classes and confidence 1 / (1 + e^-d), right in 3 of 4: log 3 = d / T.
  const logits = { data: Float32Array.of(8, 0, 8, 0, 8, 0, 8, 0), shape: [4, 2] };
  const { temperature, calibrationError } = fitTemperature(logits, Int32Array.of(0, 0, 0, 1));
  expect(temperature).toBeCloseTo(8 / Math.log(3), 5);
  expect(calibrationError.before).toBeCloseTo(0.25, 2);
  expect(calibrationError.after).toBeCloseTo(0, 6);
});

test('reads only labelled examples', () => {
  const logits = { data: Float32Array.of(8, 0, -5, 3, 8, 0, 8, 0, 8, 0), shape: [5, 2] };
  expect(fitTemperature(logits, Int32Array.of(0, -1, 0, 0, 1)).temperature).toBeCloseTo(8 / Math.log(3), 5);
});

test('if all are right, or no better than chance, it is a limit and says so', () => {
  const logits = { data: Float32Array.of(8, 0, 8, 0), shape: [2, 2] };
  expect(fitTemperature(logits, Int32Array.of(0, 0))).toMatchObject({ temperature: 0.01, isLimit: true });
  expect(fitTemperature(logits, Int32Array.of(0, 1))).toMatchObject({ temperature: 100, isLimit: true });
  expect(fitTemperature(logits, Int32Array.of(1, 1))).toMatchObject({ temperature: 100, isLimit: true });
});

test('an unreachable entropy gives the limits', () => {
  const logits = { data: Float32Array.of(8, 0, 7, 0), shape: [2, 2] };
  expect(temperatureForEntropy(logits, 1)).toBe(100);
  expect(temperatureForEntropy(logits, 0)).toBe(0.01);
});

test('stays finite for extreme logits', () => {
  const logits = { data: Float32Array.of(1e4, -1e4, 1e4, -1e4, -1e4, 1e4), shape: [3, 2] };
  const fitted = fitTemperature(logits, Int32Array.of(0, 1, 1));
  expect(fitted.temperature).toBe(100);
  expect(fitted.negativeLogLikelihood.after).toBeLessThan(fitted.negativeLogLikelihood.before);
});

describe('refuses', () => {
  const logits = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  test.each([
    ['shape-mismatch', logits, [0]],
    ['shape-mismatch', { ...logits, shape: [2, 2, 1] }, [0, 1]],
    ['shape-mismatch', { ...logits, shape: [4, 1] }, [0, 0, 0, 0]],
    ['class-mismatch', logits, [0, 2]],
    ['class-mismatch', logits, [-2, 0]],
    ['labels-missing', logits, [-1, -1]],
    ['empty-dataset', { data: new Float32Array(0), shape: [0, 2] }, []],
    ['not-finite', { ...logits, data: Float32Array.of(1, 2, 3, Number.NaN) }, [0, 1]],
    ['not-finite', { ...logits, data: Float32Array.of(1, 2, 3, Number.NEGATIVE_INFINITY) }, [0, 1]],
  ])('%s', (code, given, labels) => {
    expect(() => fitTemperature(given, Int32Array.from(labels))).toThrow(expect.objectContaining({ code }));
  });

  test('a bad fraction of entropy', () => {
    expect(() => temperatureForEntropy(logits, 1.1)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
