import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { withoutLabels } from '../data/views.ts';
import { applyPatch, revertPatch } from '../student/patch/applyPatch.ts';
import { isEmptyPatch } from '../student/patch/patch.ts';
import { patchFromBytes, patchToBytes } from '../student/patch/patchFile.ts';
import type { Metric } from '../train/metric.ts';
import { predictAll } from '../train/predictAll.ts';
import type { PersonalizeEvent } from './events.ts';
import { biasOnly } from './methods/biasOnly.ts';
import { entropyMinimisation } from './methods/entropyMinimisation.ts';
import { full } from './methods/full.ts';
import { headOnly } from './methods/headOnly.ts';
import { knn } from './methods/knn.ts';
import { lora } from './methods/lora.ts';
import { normStatistics } from './methods/normStatistics.ts';
import { prototypes } from './methods/prototypes.ts';
import { personalize } from './personalize.ts';
import { CLASSES, clouds, relabelled, taughtStudents, withSoftmax } from './personalizeCases.ts';

const TURN = 0.7;
const mine = clouds(10, 7, TURN);
const held = clouds(60, 8, TURN);
const base = clouds(60, 9);

describe('personalize', () => {
  const { made, accuracyOf } = taughtStudents();

  test.each([lora({ rank: 2 }), headOnly(), biasOnly({ epochs: 30 }), full({ epochs: 30 }), prototypes(), knn()])(
    '$name: ten examples of each class make the person’s others better, and the base stays as it is',
    async (method) => {
      const { plain: student, trainer } = made;
      const before = new Uint8Array(student.artifacts?.weightData.slice(0) as ArrayBuffer);
      const patch = await personalize({ student, data: mine, method, trainer }).done;
      const adapted = await applyPatch(student, patch);
      const [was, is] = [await accuracyOf(student, held), await accuracyOf(adapted, held)];
      expect(was).toBeLessThan(0.9);
      expect(is - was).toBeGreaterThan(0.05);
      const isCrossFitted = method.name === 'headOnly' || method.name === 'prototypes';
      expect(patch.report).toMatchObject({
        verdict: { isAccepted: true },
        judgedBy: isCrossFitted ? 'cross-fitting' : 'held-out',
        examples: isCrossFitted ? { learned: 40, held: 0 } : { learned: 32, held: 8 },
      });
      expect(patch.report.own?.after).toBeGreaterThanOrEqual(patch.report.own?.before as number);
      expect(new Uint8Array(student.artifacts?.weightData as ArrayBuffer)).toEqual(before);
      // What was measured is what comes out of a file.
      const again = await applyPatch(student, await patchFromBytes(await patchToBytes(patch)));
      expect(new Uint8Array(again.artifacts?.weightData as ArrayBuffer)).toEqual(
        new Uint8Array(adapted.artifacts?.weightData as ArrayBuffer),
      );
      expect(patch.report.bytes).toBe((await patchToBytes(patch)).byteLength);
      expect(new Uint8Array(revertPatch(adapted).artifacts?.weightData as ArrayBuffer)).toEqual(before);
    },
  );

  test.each([lora, full])(
    '$name takes less memory for its steps when asked, and gives the same patch',
    async (make) => {
      const { plain: student, trainer } = made;
      const asked: unknown[] = [];
      const watched: typeof trainer = {
        ...trainer,
        train(job, ...rest) {
          asked.push(job.recompute);
          return trainer.train(job, ...rest);
        },
      };
      const [whole, again] = [make({ epochs: 3 }), make({ epochs: 3, recompute: true })];
      const patchOf = (method: typeof whole) => personalize({ student, data: mine, method, trainer: watched }).done;
      expect((await patchOf(again)).changes).toEqual((await patchOf(whole)).changes);
      expect(asked).toEqual([true, undefined]);
    },
  );

  test('labels that mean nothing are refused by the guard: the patch is empty, and says why', async () => {
    const { plain: student, trainer } = made;
    const wrong = await relabelled(clouds(30, 11), (label, i) => (label + 1 + (i % 3)) % CLASSES);
    const patch = await personalize({
      student,
      data: wrong,
      holdout: clouds(30, 12),
      method: full({ epochs: 30 }),
      trainer,
    }).done;
    expect(isEmptyPatch(patch)).toBe(true);
    expect(patch.report.verdict.isAccepted).toBe(false);
    expect(patch.report.verdict.why).toContain('accuracy went from');
    expect(await accuracyOf(await applyPatch(student, patch), base)).toBe(await accuracyOf(student, base));
  });

  test.each([lora({ rank: 2 }), headOnly(), biasOnly({ epochs: 30 }), full({ epochs: 30 }), prototypes(), knn()])(
    '$name: a person whose labels are drawn by lot is refused, and one who writes otherwise is taken',
    async (method) => {
      const { plain: student, trainer } = made;
      const random = seededRandom(40);
      const noise = await relabelled(clouds(25, 41), () => Math.floor(CLASSES * random()));
      const refused = await personalize({ student, data: noise, method, trainer }).done;
      expect(refused.report.verdict.isAccepted, refused.report.verdict.why).toBe(false);
      expect(isEmptyPatch(refused)).toBe(true);
      const turned = await personalize({ student, data: clouds(25, 42, 0.9), method, trainer }).done;
      expect(turned.report.verdict.isAccepted, turned.report.verdict.why).toBe(true);
      expect(turned.report.own?.gained).toBeGreaterThan(turned.report.own?.lost as number);
    },
  );

  test.each([headOnly(), prototypes(), knn()])('$name: who writes the other way round is taken', async (method) => {
    const { plain: student, trainer } = made;
    const { report } = await personalize({ student, data: clouds(25, 42, Math.PI), method, trainer }).done;
    expect(report.verdict.isAccepted, report.verdict.why).toBe(true);
    expect(report.own?.before).toBeLessThan(0.1);
    expect(report.own?.after).toBeGreaterThan(0.8);
  });

  test('where held-out examples leave it open, all of them judge', async () => {
    const { plain: student, trainer } = made;
    // Eight are held out of a person who writes nearly as everybody: one more or less says nothing.
    const seen: string[] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const events: PersonalizeEvent[] = [];
      const run = personalize({ student, data: clouds(10, 50 + seed, 0.25), method: biasOnly(), trainer, seed });
      for await (const event of run) events.push(event);
      const { report } = await run.done;
      const isTold = events.some((event) => event.type === 'notice' && event.message.includes('do not decide'));
      expect(report.judgedBy).toBe(isTold ? 'cross-fitting' : 'held-out');
      expect(report.own?.examples).toBe(isTold ? 40 : 8);
      seen.push(report.judgedBy);
    }
    expect(seen).toContain('cross-fitting');
  });

  test('a guard takes a metric of one’s own', async () => {
    const { plain: student, trainer } = made;
    const never: Metric = {
      name: 'never',
      better: 'lower',
      reads: { teacher: false, labels: true },
      compute: ({ student: { data } }) => (data.length === 0 ? 0 : 1),
    };
    const taken = await personalize({ student, data: mine, method: headOnly(), trainer, guard: { metric: never } })
      .done;
    expect(taken.report).toMatchObject({ metric: 'never', own: { before: 1, after: 1 } });
  });

  test('of a patch that forgets the base as much is taken as the base can bear, or nothing', async () => {
    const { plain: student, trainer } = made;
    const method = full({ epochs: 40, optimizer: { learningRate: 0.02 } });
    const moved = { student, data: clouds(10, 7, 1.5), trainer, method };
    const free = await personalize(moved).done;
    expect(free.report).toMatchObject({ verdict: { isAccepted: true }, strength: 1 });
    const guarded = await personalize({ ...moved, base }).done;
    expect(guarded.report.strength).toBeLessThan(1);
    const whole = await personalize({ ...moved, base, guard: { baseTolerance: 1 } }).done;
    expect(whole.report).toMatchObject({ verdict: { isAccepted: true }, strength: 1 });
    expect(whole.report.base?.after).toBeLessThan((whole.report.base?.before as number) - 0.1);
    const lost = (await accuracyOf(student, base)) - (await accuracyOf(await applyPatch(student, guarded), base));
    expect(lost).toBeLessThan(0.0101);
    const useless = await relabelled(clouds(10, 7, 1.5), (label, i) => (label + i) % CLASSES);
    const refused = await personalize({ ...moved, data: useless, base }).done;
    expect(refused.report.verdict.isAccepted).toBe(false);
    expect(isEmptyPatch(refused)).toBe(true);
  });

  test('replay, former answers and EWC each keep more of the base than nothing', async () => {
    const { plain: student, trainer } = made;
    const method = full({ epochs: 30, optimizer: { learningRate: 0.01 } });
    const shared = { student, data: mine, trainer, method, guard: { baseTolerance: 1, tolerance: 1 }, base };
    const lostWith = async (keep?: Parameters<typeof personalize>[0]['keep']) => {
      const { report } = await personalize({ ...shared, ...(keep && { keep }) }).done;
      return (report.base?.before as number) - (report.base?.after as number);
    };
    const nothing = await lostWith();
    expect(nothing).toBeGreaterThan(0.02);
    expect(await lostWith({ replay: clouds(30, 20), former: 0 })).toBeLessThan(0.7 * nothing);
    expect(await lostWith({ replay: withoutLabels(clouds(30, 20)) })).toBeLessThan(0.7 * nothing);
    expect(await lostWith({ former: 4 })).toBeLessThan(nothing);
    expect(await lostWith({ ewc: 2000, replay: clouds(30, 20), replayExamples: 1 })).toBeLessThan(nothing);
  });

  test('a student that ends in a softmax learns what it would learn without, and gives probabilities still', async () => {
    const { plain, trainer } = made;
    const soft = withSoftmax(plain);
    for (const method of [headOnly(), lora({ rank: 1, epochs: 3 }), prototypes(), knn()]) {
      const shared = { data: mine, method, trainer, base, guard: { metric: 'negativeLogLikelihood' } } as const;
      const [one, other] = [personalize({ student: plain, ...shared }), personalize({ student: soft, ...shared })];
      const [expected, found] = [await one.done, await other.done];
      expect(found.changes).toEqual(expected.changes);
      expect(found.memory).toEqual(expected.memory);
      expect(found.report.own).toEqual(expected.report.own);
      expect(found.report.base).toEqual(expected.report.base);
      expect(found.base).not.toBe(expected.base);
      const answers = await predictAll(trainer, await applyPatch(soft, found), held, new AbortController().signal);
      const [first] = Object.values(answers) as [NdArray];
      expect(Array.from(first.data.subarray(0, CLASSES)).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    }
  });

  test('new classes can come: the old ones are still told apart', async () => {
    const { plain: student, trainer } = made;
    const five = { data: clouds(12, 13, 0, 0, 5), classes: 5, labels: ['a', 'b', 'c', 'd', 'e'] };
    for (const method of [headOnly(), lora({ rank: 2, epochs: 30 }), prototypes()]) {
      const patch = await personalize({ student, ...five, trainer, method }).done;
      expect(patch).toMatchObject({ classes: 5, labels: five.labels });
      expect(await accuracyOf(await applyPatch(student, patch), clouds(60, 14, 0, 0, 5))).toBeGreaterThan(0.8);
    }
  });

  test('one example of each class is enough for class means, and it says so', async () => {
    const { plain: student, trainer } = made;
    const events: PersonalizeEvent[] = [];
    const run = personalize({ student, data: clouds(1, 15, TURN), trainer });
    for await (const event of run) events.push(event);
    const { report, method } = await run.done;
    expect(method).toBe('prototypes');
    expect(report.fallback).toContain('lora');
    expect(report.own).toBeUndefined();
    expect(report.verdict.why).toContain('too few');
    expect(events).toContainEqual(expect.objectContaining({ type: 'notice', message: report.fallback }));
  });

  test('statistics of batch normalization follow moved inputs without a label, and so does entropy minimisation', async () => {
    const { normed: student, trainer } = made;
    const moved = clouds(40, 16, 0, 1.2);
    const others = clouds(60, 17, 0, 1.2);
    const was = await accuracyOf(student, others);
    expect(was).toBeLessThan(0.85);
    for (const method of [normStatistics(), entropyMinimisation({ epochs: 20, optimizer: { learningRate: 0.01 } })]) {
      const patch = await personalize({ student, data: withoutLabels(moved), method, trainer }).done;
      expect(await accuracyOf(await applyPatch(student, patch), others)).toBeGreaterThan(was + 0.08);
    }
  });

  test('the same seed gives the same patch, another seed another one', async () => {
    const { plain: student, trainer } = made;
    const bytesOf = async (seed: number) => {
      const { changes } = await personalize({ student, data: mine, trainer, seed, method: lora({ rank: 1 }) }).done;
      return JSON.stringify(changes);
    };
    expect(await bytesOf(1)).toBe(await bytesOf(1));
    expect(await bytesOf(1)).not.toBe(await bytesOf(2));
  });
});
