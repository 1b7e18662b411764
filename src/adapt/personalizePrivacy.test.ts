import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import type { LabelledDataset } from '../data/dataset.ts';
import { pick, take } from '../data/views.ts';
import { isEmptyPatch, type Patch } from '../student/patch/patch.ts';
import type { TrainJob } from '../train/job.ts';
import type { Trainer } from '../train/trainer.ts';
import { joinExamples, readAll } from './examples.ts';
import { headOnly } from './methods/headOnly.ts';
import { personalize } from './personalize.ts';
import { clouds, relabelled, taughtStudents } from './personalizeCases.ts';
import type { PersonalizeOptions } from './personalizeOptions.ts';

const mine = clouds(10, 7, 0.7);
const seedOf = (word: number) => [word, 2, 3, 4, 5, 6, 7, 8];

describe('a private run', () => {
  const { made } = taughtStudents();
  const run = (options: Partial<PersonalizeOptions>) =>
    personalize({ student: made.plain, data: mine, trainer: made.trainer, method: headOnly(), ...options }).done;

  test('learns from what contradicts another: one example more takes no other out', async () => {
    const privacy = { noiseMultiplier: 1, steps: 2, noiseSeed: seedOf(1) };
    const [before, one] = await Promise.all([readAll(mine), readAll(await relabelled(take(mine, 1), () => 2))]);
    const after = joinExamples(before, one);
    const data = fromArrays(after.inputs, after.labels as Int32Array);
    const [first, second] = [await run({ privacy }), await run({ privacy, data })];
    expect(second.report.labels.contradictions).toEqual([[0, 40]]);
    const { learned, held } = second.report.examples;
    expect(learned + held).toBe(41);
    // The two are the same, so both are on the side where the first was; nobody else has moved.
    expect([learned - first.report.examples.learned, held - first.report.examples.held].sort()).toEqual([0, 1]);
  });

  test('is of the same size of steps and noise whoever is held out, and its loss too', async () => {
    const losses: unknown[] = [];
    const trainer: Trainer = {
      ...made.trainer,
      train: (job: TrainJob, ...others) => {
        losses.push([job.loss, job.adaptation?.privacy?.expectedLot]);
        return made.trainer.train(job, ...others);
      },
    };
    const found: { learned: number; spent: unknown }[] = [];
    for (const word of [1, 2, 3, 4]) {
      const keep = { replay: clouds(5, 1) };
      const { report } = await run({ trainer, keep, privacy: { epsilon: 5, steps: 3, noiseSeed: seedOf(word) } });
      found.push({ learned: report.examples.learned, spent: report.privacy });
    }
    expect(new Set(found.map(({ learned }) => learned)).size).toBeGreaterThan(1);
    for (const { spent } of found) expect(spent).toEqual(found[0]?.spent);
    for (const loss of losses) expect(loss).toEqual(losses[0]);
  });

  test('is noisy also where no step has an example, and nobody is refused for being alone', async () => {
    const privacy = { noiseMultiplier: 1, sampleFraction: 1e-9, steps: 3 };
    const guard = { holdoutFraction: 0 };
    const silent = await run({ privacy, guard });
    expect(isEmptyPatch(silent)).toBe(false);
    const first = await run({ privacy, guard, data: take(mine, 1) });
    expect(isEmptyPatch(first)).toBe(false);
    expect(first.report.method.name).toBe('headOnly');
    // All are held out.
    const none = await run({ privacy, guard: { holdoutFraction: 1 } });
    expect(none.report.examples).toMatchObject({ learned: 0, held: 40 });
  });

  test('comes out again by the same noise, says that it was given, and never by chance', async () => {
    const again = { epsilon: 4, steps: 3, noiseSeed: seedOf(9) };
    const [one, other] = [await run({ privacy: again }), await run({ privacy: again })];
    expect(one.changes).toEqual(other.changes);
    expect(one.report.privacy).toMatchObject({ noise: 'given' });
    const guard = { holdoutFraction: 0 };
    const fresh = [
      await run({ privacy: { epsilon: 4, steps: 3 }, guard }),
      await run({ privacy: { epsilon: 4, steps: 3 }, guard }),
    ];
    expect(fresh[0]?.report.privacy).toMatchObject({ noise: 'fresh' });
    expect(fresh[0]?.report.privacy).not.toHaveProperty('guardEpsilon');
    expect(fresh[0]?.changes).not.toEqual(fresh[1]?.changes);
  });

  test('lets a held-out example change the chances of each strength, and no more', async () => {
    const strengths: number[] = [];
    const privacy = { noiseMultiplier: 2, steps: 1, sampleFraction: 0.1 };
    // Steps of great noise, and an example that the base answers rightly.
    const one = await rightOnes(made.trainer, 1);
    const method = headOnly({ optimizer: { name: 'sgd', learningRate: 1000 } });
    for (let word = 0; word < 24; word++) {
      const { report } = await run({ method, holdout: one, privacy: { ...privacy, noiseSeed: seedOf(word) } });
      expect(report.verdict.isAccepted).toBe(report.strength > 0);
      expect(report.privacy?.guardEpsilon).toBeLessThan(report.privacy?.epsilon as number);
      strengths.push(report.strength);
    }
    // Without noise it is the same choice each time for the same answers; 0 and some change both occur.
    expect(new Set(strengths).size).toBeGreaterThan(2);
  });

  test('lets the base’s own examples forbid what they forbid', async () => {
    const base = clouds(20, 1);
    const method = headOnly({ optimizer: { name: 'sgd', learningRate: 1000 } });
    const patches: Patch[] = [];
    for (let word = 0; word < 6; word++) {
      patches.push(await run({ method, base, privacy: { noiseMultiplier: 3, steps: 2, noiseSeed: seedOf(word) } }));
    }
    expect(patches.every(isEmptyPatch)).toBe(true);
  });

  /** Some of the clouds that the base knows and answers rightly. */
  async function rightOnes(trainer: Trainer, count: number): Promise<LabelledDataset> {
    const known = clouds(10, 1);
    const { inputs, labels } = await readAll(known);
    const answers = await trainer.predict(made.plain, inputs);
    const logits = Object.values(answers)[0];
    const rows = Int32Array.from(labels?.keys() ?? []).filter((i) => {
      const row = logits?.data.subarray(i * 4, i * 4 + 4) ?? [];
      return Math.max(...row) === row[labels?.[i] as number];
    });
    return pick(known, rows.subarray(0, count));
  }
});
