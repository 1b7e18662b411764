import { describe, expect, test } from 'vitest';
import { seededRandom } from '../random.ts';
import { checkSampling, SAMPLING, type SamplingOptions, sampleToken } from './sampleToken.ts';

const PROBS = [0.1, 0.4, 0.3, 0.2];
const logits = Float32Array.from(PROBS, (p) => Math.log(p) + 3);

/** How often each token is drawn. */
function shares(options: SamplingOptions, draws = 4000): number[] {
  const sampling = SAMPLING.read(options);
  const random = seededRandom(5);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) {
    const { token } = sampleToken(logits, sampling, random);
    counts[token] = (counts[token] ?? 0) + 1 / draws;
  }
  return counts;
}

const near = (expected: readonly number[]) => expected.map((p) => expect.closeTo(p, 1));
const normalized = (weights: readonly number[]) => weights.map((w) => w / weights.reduce((a, b) => a + b, 0));

describe('sampleToken', () => {
  test.each<[string, SamplingOptions, readonly number[]]>([
    ['as likely as the model says', {}, PROBS],
    ['softer', { temperature: 2 }, normalized(PROBS.map(Math.sqrt))],
    ['sharper', { temperature: 0.5 }, normalized(PROBS.map((p) => p * p))],
    ['the likeliest', { temperature: 0 }, [0, 1, 0, 0]],
    ['among two', { topK: 2 }, [0, 4 / 7, 3 / 7, 0]],
    ['among one', { topK: 1 }, [0, 1, 0, 0]],
    ['among more than there are', { topK: 9 }, PROBS],
    ['among those that reach 0.7', { topP: 0.69 }, [0, 4 / 7, 3 / 7, 0]],
    ['among those that reach 0.71', { topP: 0.71 }, [0, 4 / 9, 3 / 9, 2 / 9]],
    ['the nucleus of the three likeliest', { topK: 3, topP: 0.7 }, [0, 4 / 7, 3 / 7, 0]],
    ['a nucleus smaller than one token', { topP: 1e-9 }, [0, 1, 0, 0]],
  ])('draws %s', (_, options, expected) => {
    const given = shares(options);
    expect(given).toEqual(near(expected));
    expected.forEach((share, token) => {
      if (share === 0) expect(given[token]).toBe(0);
    });
  });

  test('says how likely the model finds the token, whatever the temperature', () => {
    for (const temperature of [0, 0.3, 5]) {
      const { token, logProb } = sampleToken(logits, SAMPLING.read({ temperature }), seededRandom(1));
      expect(logProb).toBeCloseTo(Math.log(PROBS[token] as number), 5);
    }
  });

  test('bears logits of any size', () => {
    const huge = Float32Array.of(1e4, -1e4, 9e3);
    expect(sampleToken(huge, SAMPLING.read({}), seededRandom(1))).toEqual({ token: 0, logProb: 0 });
    expect(sampleToken(huge, SAMPLING.read({ temperature: 1e-6, topP: 0.5 }), seededRandom(1)).token).toBe(0);
  });

  test.each<[string, object]>([
    ['a negative temperature', { temperature: -1 }],
    ['no number as temperature', { temperature: Number.NaN }],
    ['a topP above 1', { topP: 1.5 }],
    ['a topP of 0', { topP: 0 }],
    ['half a token', { topK: 0.5 }],
    ['no token', { topK: 0 }],
    ['an option that it does not have', { heat: 1 }],
  ])('refuses %s', (_, options) => {
    const read = () => checkSampling(SAMPLING.read(options));
    expect(read).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
