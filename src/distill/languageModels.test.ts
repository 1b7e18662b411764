// What language models learn: token by token from a teacher, from texts alone, and from what they write themselves.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { seededRandom } from '../core/random.ts';
import type { NamedArrays } from '../core/shape.ts';
import { fromTokens } from '../data/tokens.ts';
import { testIf } from '../losses/cases/lossContract.ts';
import { perToken } from '../losses/combination/perToken.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { decoder } from '../student/zoo/decoder.ts';
import { recurrentDecoder } from '../student/zoo/recurrentDecoder.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { distill } from './distill.ts';
import { HERE } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { type OnPolicyOptions, onPolicy } from './schemes/onPolicy.ts';

const [LENGTH, TOKENS] = [6, 5];

/** Answers each token by a row of a table. */
function byTable(row: (token: number) => readonly number[], name: string): Teacher {
  const ask = ({ input }: NamedArrays): NamedArrays => {
    const { data, shape } = input as { data: ArrayLike<number>; shape: readonly number[] };
    const rows = Array.from({ length: data.length }, (_, i) => row(data[i] as number));
    return { logits: { data: Float32Array.from(rows.flat()), shape: [...shape, TOKENS] } };
  };
  return fromFunction(ask, { name });
}
const after = (token: number) => (2 * token + 1) % TOKENS;
/** After each token another is likely, the rest is not. */
const knowing = byTable(
  (token) => Array.from({ length: TOKENS }, (_, next) => (next === after(token) ? 4 : 0)),
  'knows',
);
const noise = seededRandom(9);
const noisy = byTable(() => Array.from({ length: TOKENS }, () => 8 * noise() - 4), 'noise');

/** Texts of random tokens, or such as the teacher would write. */
function texts(count: number, seed: number, kind: 'random' | 'written'): number[][] {
  const random = seededRandom(seed);
  const any = () => Math.floor(TOKENS * random());
  return Array.from({ length: count }, () => {
    const text = [any()];
    while (text.length < LENGTH + 1)
      text.push(kind === 'written' && random() < 0.9 ? after(text.at(-1) as number) : any());
    return text;
  });
}
const written = texts(24, 1, 'written');
const unseen = fromTokens(texts(16, 2, 'written'), { length: LENGTH });
const small = () => recurrentDecoder({ length: LENGTH, vocabulary: TOKENS, width: 6, units: 10, layers: 1 });

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(HERE);
});
afterAll(() => trainer[Symbol.asyncDispose]());

const optionsOf = (changed: Partial<DistillOptions>): DistillOptions => ({
  student: small(),
  data: fromTokens(texts(24, 3, 'random'), { length: LENGTH }),
  holdout: unseen,
  epochs: 8,
  batchSize: 8,
  optimizer: { learningRate: 0.03 },
  trainer,
  ...changed,
});

describe('token by token', () => {
  test('a teacher teaches what follows, on texts that say nothing of it', async () => {
    const { report } = await distill(optionsOf({ teacher: knowing, loss: perToken(softTargets({ temperature: 1 })) }))
      .done;
    expect(Object.keys(report.holdout).sort()).toEqual([
      'perplexity',
      'teacherPerplexity',
      'tokenAccuracy',
      'tokenAgreement',
    ]);
    expect(report.holdout['tokenAgreement']).toBeGreaterThan(0.95);
    const { perplexity = 0, teacherPerplexity = 0 } = report.holdout;
    expect(Math.abs(perplexity - teacherPerplexity)).toBeLessThan(0.2 * teacherPerplexity);
  });

  testIf(isLong)('a teacher of noise teaches nothing', async () => {
    const { report } = await distill(optionsOf({ teacher: noisy, loss: perToken(softTargets({ temperature: 1 })) }))
      .done;
    expect(report.holdout['tokenAccuracy']).toBeLessThan(0.6);
  });

  testIf(isLong)('a decoder learns from texts alone, and keeps its best epoch', async () => {
    const student = decoder({ length: LENGTH, vocabulary: TOKENS, width: 8, heads: 2, hidden: 12, blocks: 1 });
    const data = fromTokens(written, { length: LENGTH });
    const { report } = await distill(
      optionsOf({ student, data, loss: perToken(crossEntropy()), epochs: 24, keepBest: true }),
    ).done;
    expect(report.holdout['tokenAccuracy']).toBeGreaterThan(0.75);
    expect(report.best?.metric).toBe('perplexity');
  });

  test('padding and prompts count nothing, whatever stands there', async () => {
    const cut = written.map((text) => text.slice(0, 4));
    const weights = async (padding: number) => {
      const data = fromTokens(cut, { length: LENGTH, padding, promptLengths: cut.map(() => 2) });
      const { student } = await distill(optionsOf({ data, loss: perToken(crossEntropy()), epochs: 1 })).done;
      return new Float32Array(student.artifacts?.weightData as ArrayBuffer);
    };
    expect(await weights(0)).toEqual(await weights(3));
  });
});

describe('onPolicy', () => {
  const policyOf = (changed: Partial<OnPolicyOptions> = {}): OnPolicyOptions => ({
    teacher: knowing,
    student: small(),
    data: fromTokens(texts(24, 3, 'random'), { length: LENGTH }),
    prompts: [[0], [1], [2, 3], [4]],
    holdout: unseen,
    rounds: 6,
    batchSize: 8,
    optimizer: { learningRate: 0.03 },
    trainer,
    ...changed,
  });

  // With texts of others beside its own it learns the same: in the long run of tests.
  test.each(isLong ? [0.5, 1] : [1])(
    'the student learns from what it writes, a share of %s',
    async (onPolicyFraction) => {
      const run = onPolicy(policyOf({ onPolicyFraction }));
      const told: number[] = [];
      for await (const event of run) if (event.type === 'written') told.push(event.written, event.total);
      const { reports } = await run.done;
      expect(reports).toHaveLength(6);
      expect(told.slice(-2)).toEqual([24 * onPolicyFraction, 24 * onPolicyFraction]);
      expect(reports.at(-1)?.holdout['tokenAgreement']).toBeGreaterThan(0.85);
    },
  );

  testIf(isLong)('the same seed gives the same student', async () => {
    const weightsOf = async (seed: number) => {
      const { student } = await onPolicy(policyOf({ seed, rounds: 1, examples: 8 })).done;
      return new Float32Array(student.artifacts?.weightData as ArrayBuffer);
    };
    expect(await weightsOf(1)).toEqual(await weightsOf(1));
    expect(await weightsOf(2)).not.toEqual(await weightsOf(1));
  });

  test('a teacher of noise teaches nothing', async () => {
    const { reports } = await onPolicy(policyOf({ teacher: noisy, rounds: 2 })).done;
    expect(reports.at(-1)?.holdout['tokenAccuracy']).toBeLessThan(0.6);
  });

  test.each<[string, Partial<OnPolicyOptions>, string]>([
    ['no prompts', { prompts: [] }, 'empty-list'],
    ['an empty prompt', { prompts: [[1], []] }, 'invalid-option'],
    ['a prompt longer than the texts', { prompts: [[1, 2, 3, 4, 0, 1, 2]] }, 'sequence-too-long'],
    ['a token that the student lacks', { prompts: [[7]] }, 'class-mismatch'],
    ['a share above 1', { onPolicyFraction: 2 }, 'invalid-option'],
    ['a negative temperature', { temperature: -1 }, 'invalid-option'],
    [
      'data that are no texts',
      { data: { size: 1, inputs: {}, hasLabels: false, read: async () => ({ inputs: {} }) } },
      'shape-mismatch',
    ],
  ])('refuses %s', async (_, changed, code) => {
    await expect(onPolicy(policyOf(changed)).done).rejects.toMatchObject({ code });
  });
});
