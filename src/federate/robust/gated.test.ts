import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromArrays } from '../../data/arrays.ts';
import { pick, withoutLabels } from '../../data/views.ts';
import { CLASSES } from '../../distill/distillCases.ts';
import { rightOf } from '../../distill/schemes/schemesCases.ts';
import type { Trainer } from '../../train/trainer.ts';
import { ADAM, held, heldLabels, labelledPoints, makeMlp, openHere, runAll } from '../cases/federateCases.ts';
import { simulate } from '../simulate.ts';
import { fedAvg } from '../strategies/fedAvg.ts';
import { fedMd } from '../strategies/fedMd.ts';
import { personalHead } from '../strategies/personalHead.ts';
import type { Encoding } from '../update.ts';
import { gated } from './gated.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

const code = (name: string) => expect.objectContaining({ code: name });
const examples = labelledPoints(60, 42);
const honest = [0, 1, 2].map((k) =>
  pick(
    labelledPoints(180, 41),
    Int32Array.from({ length: 60 }, (_, i) => 60 * k + i),
  ),
);
/** Two clients that learn wrong classes, which are alike, so that each hides the other. */
const poisoned = [43, 44].map((seed) => {
  const share = labelledPoints(60, seed);
  const read: typeof share.read = async (...asked) => {
    const found = await share.read(...asked);
    return { ...found, labels: found.labels.map((label) => (label + 1) % CLASSES) };
  };
  return { ...share, read };
});
const common = { rounds: 2, epochs: 8, batchSize: 16, optimizer: ADAM };

test('updates that make public labels less likely are left out, and named', async () => {
  const shares = [...honest, ...poisoned];
  const play = async (strategy: ReturnType<typeof fedAvg>) => {
    const results = await runAll(shares, { trainer, strategy, ...common });
    const [{ student, report }] = results as [(typeof results)[0]];
    return { right: await rightOf(trainer, student, held, heldLabels), rounds: report.rounds };
  };
  const open = await play(fedAvg());
  const closed = await play(gated(fedAvg(), { examples, tolerance: 0.1 }));
  expect(open.rounds.map(({ rejected }) => rejected)).toEqual([[], []]);
  for (const { rejected, contributions } of closed.rounds) {
    expect(rejected).toEqual([
      { client: 'c3', why: 'outlier' },
      { client: 'c4', why: 'outlier' },
    ]);
    expect(contributions.map(({ client }) => client)).toEqual(['c0', 'c1', 'c2']);
  }
  expect(closed.right).toBeGreaterThan(open.right + 0.1);
});

test('the result is that of the clients that are left, to the bit', async () => {
  const all = await runAll([...honest, ...poisoned], {
    trainer,
    strategy: gated(fedAvg(), { examples, tolerance: 0.1 }),
    ...common,
  });
  const without = await runAll(honest, { trainer, strategy: fedAvg(), ...common });
  expect(all[0]?.report.rounds.map(({ result }) => result)).toEqual(
    without[0]?.report.rounds.map(({ result }) => result),
  );
});

test('a change that is turned round stays outside to the last round, where it costs little accuracy in each', async () => {
  const play = async (strategy: ReturnType<typeof fedAvg>, factor: number) => {
    const run = simulate({
      ...{ data: labelledPoints(300, 45), holdout: labelledPoints(300, 46), student: () => makeMlp(), alpha: 10 },
      ...{ clients: 6, rounds: 12, epochs: 1, batchSize: 16, optimizer: { name: 'adam', learningRate: 0.01 } },
      ...{ strategy, trainers: [trainer], encoding: (client) => (client === 2 ? stretching(factor) : stretching(1)) },
    });
    return await run.done;
  };
  const gate = () => gated(fedAvg(), { examples });
  const [clean, closed, open] = [await play(gate(), 1), await play(gate(), -4), await play(fedAvg(), -4)];
  expect(clean.accuracy).toBeGreaterThan(open.accuracy + 0.2);
  expect(closed.accuracy).toBeGreaterThan(clean.accuracy - 0.02);
  expect(closed.rounds.every(({ clients }) => clients < 6)).toBe(true);
});

/** Sends its change, times a factor. */
function stretching(factor: number): Encoding {
  return {
    name: 'stretching',
    encode: (values, before) =>
      Object.fromEntries(
        Object.entries(values).map(([name, { data, shape }]) => {
          const from = before[name]?.data ?? [];
          return [
            name,
            { shape, data: Float32Array.from(data, (x, i) => Number(from[i]) + factor * (x - Number(from[i]))) },
          ];
        }),
      ),
    decode: (values) => values,
  };
}

test('a strategy without weights that all share, and examples without labels, are refused', () => {
  const refused = code('invalid-option');
  expect(() => gated(fedMd(), { examples })).toThrow(refused);
  expect(() => gated(personalHead(), { examples })).toThrow(refused);
  expect(() => gated(fedAvg(), { examples, tolerance: 2 })).toThrow(refused);
  expect(() => gated(fedAvg(), { examples: withoutLabels(examples) as never })).toThrow(code('labels-missing'));
  expect(() => gated(fedAvg(), { examples: pick(fromArrays(held, heldLabels), new Int32Array()) })).toThrow(
    code('empty-dataset'),
  );
});
