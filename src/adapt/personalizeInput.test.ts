import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { take, withoutLabels } from '../data/views.ts';
import { isEmptyPatch } from '../student/patch/patch.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { type AllExamples, joinExamples, readAll } from './examples.ts';
import { full } from './methods/full.ts';
import { headOnly } from './methods/headOnly.ts';
import { knn } from './methods/knn.ts';
import { lora } from './methods/lora.ts';
import { normStatistics } from './methods/normStatistics.ts';
import { prototypes } from './methods/prototypes.ts';
import { personalize } from './personalize.ts';
import { CLASSES, clouds, relabelled, taughtStudents } from './personalizeCases.ts';
import type { PersonalizeOptions } from './personalizeOptions.ts';

const mine = clouds(10, 7, 0.7);

describe('what personalize is given', () => {
  const { made } = taughtStudents();
  const run = (options: Partial<PersonalizeOptions>) =>
    personalize({ student: made.plain, data: mine, trainer: made.trainer, ...options }).done;

  test.each<[string, () => Partial<PersonalizeOptions> | Promise<Partial<PersonalizeOptions>>, string]>([
    ['a misspelt option', () => ({ methd: lora() }) as never, 'invalid-option'],
    ['no dataset', () => ({ data: [] }) as never, 'invalid-option'],
    ['no method', () => ({ method: 'lora' }) as never, 'invalid-option'],
    ['no examples', () => ({ data: take(mine, 0) }), 'empty-dataset'],
    ['no labels', () => ({ data: withoutLabels(mine) }), 'labels-missing'],
    ['a holdout without labels', () => ({ holdout: withoutLabels(mine) as never }), 'labels-missing'],
    [
      'a label outside the classes',
      async () => ({ data: await relabelled(mine, (label) => label + 1) }),
      'class-mismatch',
    ],
    ['one class only', async () => ({ data: await relabelled(mine, () => 2) }), 'class-mismatch'],
    ['fewer classes than there are', () => ({ classes: 3 }), 'class-mismatch'],
    ['names for other classes', () => ({ classes: CLASSES, labels: ['a'] }), 'class-mismatch'],
    ['examples of another shape', () => ({ data: threeWide() }), 'shape-mismatch'],
    ['a student that was never trained', () => ({ student: mlp({ inputShape: [2], classes: 4 }) }), 'student-invalid'],
    ['a guard out of range', () => ({ guard: { tolerance: 2 } }), 'invalid-option'],
    ['another metric', () => ({ guard: { metric: 'f1' as never } }), 'invalid-option'],
    ['another precision', () => ({ precision: 'int8' as never }), 'invalid-option'],
    ['an unknown way to keep', () => ({ keep: { lwf: 1 } as never }), 'invalid-option'],
    ['replay of nothing', () => ({ keep: { replay: take(mine, 0) } }), 'empty-dataset'],
    ['replay of another shape', () => ({ keep: { replay: threeWide() } }), 'shape-mismatch'],
    ['privacy without a measure', () => ({ privacy: { clipNorm: 1 } }), 'invalid-option'],
    ['privacy with two', () => ({ privacy: { epsilon: 1, noiseMultiplier: 1 } }), 'invalid-option'],
    ['a constant for noise', () => ({ privacy: { epsilon: 1, noiseSeed: [] } }), 'invalid-option'],
    ['noise of 128 bits', () => ({ privacy: { epsilon: 1, noiseSeed: [1, 2, 3, 4] } }), 'invalid-option'],
    ['noise of fractions', () => ({ privacy: { epsilon: 1, noiseSeed: new Array(8).fill(0.5) } }), 'invalid-option'],
    [
      'a likelihood to judge private examples',
      () => ({ privacy: { epsilon: 1 }, guard: { metric: 'negativeLogLikelihood' } }),
      'invalid-option',
    ],
    ['privacy that a method cannot give', () => ({ privacy: { epsilon: 1 }, method: knn() }), 'invalid-option'],
    [
      'importance from private examples',
      () => ({ privacy: { epsilon: 1 }, keep: { ewc: 1 }, method: headOnly() }),
      'invalid-option',
    ],
    ['a budget of nothing', () => ({ budget: { steps: 0 } }), 'invalid-option'],
    ['statistics that the student does not keep', () => ({ method: normStatistics() }), 'student-not-trainable'],
    ['a target that is no layer', () => ({ method: lora({ targets: ['none'] }) }), 'unknown-output'],
    ['values that are not finite', () => ({ data: withNaN() }), 'not-finite'],
    ['the same to be solved', () => ({ data: withNaN(), method: headOnly() }), 'not-finite'],
    ['the same to be averaged', () => ({ data: withNaN(), method: prototypes() }), 'not-finite'],
    ['the same to be remembered', () => ({ data: withNaN(), method: knn() }), 'not-finite'],
    ['replay of values that are not finite', () => ({ keep: { replay: withNaN() } }), 'not-finite'],
  ])('%s is refused', async (_, options, code) => {
    await expect(run(await options())).rejects.toMatchObject({ code });
  });

  test.each([
    () => lora({ rank: 0 }),
    () => lora({ alpha: -1 }),
    () => headOnly({ epochs: 0 }),
    () => headOnly({ l2: -1 }),
    () => headOnly({ l2: 1, epochs: 2 }),
    () => knn({ k: 0 }),
    () => knn({ temperature: 0 }),
    () => prototypes({ strength: -1 }),
    () => normStatistics({ batchSize: 0 }),
    () => full({ optimizer: { name: 'none' as never } }),
  ])('methods check their options', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test('the same example with two labels is not learned from, and is told', async () => {
    const twice = [mine, take(mine, 3), await relabelled(take(mine, 3), (label) => (label + 1) % CLASSES)];
    const [first, ...others] = await Promise.all(twice.map((data) => readAll(data)));
    const all = others.reduce(joinExamples, first as AllExamples);
    const data = fromArrays(all.inputs, all.labels as Int32Array);
    const { report } = await run({ data, method: headOnly() });
    // 0, 1 and 2 are there three times each.
    expect(report.labels.contradictions).toEqual([
      [0, 40, 43],
      [1, 41, 44],
      [2, 42, 45],
    ]);
    expect(report.examples.learned + report.examples.held).toBe(37);
  });

  test('an example that lies with another class is told', async () => {
    const data = await relabelled(mine, (label, i) => (i === 5 ? (label + 2) % CLASSES : label));
    const { report } = await run({ data, guard: { holdoutFraction: 0 }, method: headOnly() });
    expect(report.labels.outliers).toContainEqual({ example: 5, label: 3, nearest: 1 });
    expect(report.labels.outliers.length).toBeLessThan(4);
    // Its number is that in the data, whatever was held out or contradicted another.
    const [first, again] = [await readAll(data), await readAll(await relabelled(take(data, 2), (label) => label + 2))];
    const all = joinExamples(again, first);
    const held = await run({ data: fromArrays(all.inputs, all.labels as Int32Array), method: full({ epochs: 1 }) });
    expect(held.report.labels.contradictions).toHaveLength(2);
    expect(held.report.judgedBy).toBe('held-out');
    expect(held.report.labels.outliers).toContainEqual({ example: 7, label: 3, nearest: 1 });
  });

  test('a run can be cancelled, and a budget ends it with what was learned', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(run({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    const patch = await run({ budget: { steps: 1 }, method: lora({ rank: 1 }) });
    expect(isEmptyPatch(patch)).toBe(false);
    const timed = personalize({
      student: made.plain,
      data: mine,
      trainer: made.trainer,
      budget: { ms: 0.01 },
      method: full({ epochs: 500 }),
      guard: { tolerance: 1 },
    });
    const steps: number[] = [];
    for await (const event of timed) if (event.type === 'step') steps.push(event.runStep);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.at(-1)).toBeLessThan(5);
    expect(isEmptyPatch(await timed.done)).toBe(false);
  });

  test('a private run states what it spent, and more noise spends less', async () => {
    const spent = async (privacy: PersonalizeOptions['privacy']) =>
      (await run({ ...(privacy && { privacy }), method: headOnly(), guard: { tolerance: 1 } })).report.privacy;
    const given = await spent({ epsilon: 3, delta: 1e-3, steps: 20 });
    expect(given?.epsilon).toBeCloseTo(3, 4);
    expect(given).toMatchObject({ delta: 1e-3, steps: 20, clipNorm: 1, sampleFraction: 1 });
    const [loud, louder] = [
      await spent({ noiseMultiplier: 2, steps: 5 }),
      await spent({ noiseMultiplier: 4, steps: 5 }),
    ];
    expect(louder?.epsilon).toBeLessThan(loud?.epsilon as number);
    expect((await spent({ noiseMultiplier: 0, steps: 5 }))?.epsilon).toBe(Number.POSITIVE_INFINITY);
  });
});

function threeWide() {
  return fromArrays(
    { input: { data: new Float32Array(120).map((_, i) => i), shape: [40, 3] } },
    Array.from({ length: 40 }, (_, i) => i % 4),
  );
}

function withNaN() {
  const data = new Float32Array(80).map((_, i) => (i === 9 ? Number.NaN : i));
  return fromArrays(
    { input: { data, shape: [40, 2] } },
    Array.from({ length: 40 }, (_, i) => i % 4),
  );
}
