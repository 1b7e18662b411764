import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { openStore } from '../../storage/openStore.ts';
import type { Student } from '../../student/student.ts';
import { readAll } from '../examples.ts';
import { lora } from '../methods/lora.ts';
import { prototypes } from '../methods/prototypes.ts';
import { clouds, taughtStudents, withSoftmax } from '../personalizeCases.ts';
import { privacySpent } from '../privacy/accountant.ts';
import { openProfile } from './openProfile.ts';
import type { Profile } from './profile.ts';
import { studentLearner } from './studentLearner.ts';

const TURN = 0.7;
const labels = ['north', 'east', 'south', 'west'];

describe('a profile of a real student', () => {
  const { made } = taughtStudents();

  async function pointsOf(perClass: number, seed: number, classes?: number) {
    const { inputs, labels: numbers } = await readAll(clouds(perClass, seed, TURN, 0, classes));
    const { data } = inputs['input'] as NdArray;
    return Array.from(numbers as Int32Array, (label, i) => ({
      point: { data: data.slice(2 * i, 2 * i + 2), shape: [2] } as NdArray,
      label: [...labels, 'middle'][label] as string,
    }));
  }

  async function accuracyOf(profile: Profile, points: Awaited<ReturnType<typeof pointsOf>>): Promise<number> {
    let right = 0;
    for (const { point, label } of points) if ((await profile.predict(point)).label === label) right++;
    return right / points.length;
  }

  test.each(['features', 'examples'] as const)(
    'learns what it is taught from %s, and predicts better',
    async (keeps) => {
      await using store = await openStore('profiles', { kind: 'memory' });
      const learner = studentLearner({
        trainer: made.trainer,
        ...(keeps === 'examples' && { method: lora({ rank: 2 }) }),
      });
      await using me = await openProfile(store, made.plain, { labels, learner, keeps, learning: 'asked' });
      const others = await pointsOf(20, 31);
      const before = await accuracyOf(me, others);
      for (const { point, label } of await pointsOf(8, 30)) await me.teach(point, label);
      const version = await me.learn().done;
      expect(version).toMatchObject({ number: 1, classes: labels });
      expect(version.report).toMatchObject({ verdict: { isAccepted: true } });
      expect(await accuracyOf(me, others)).toBeGreaterThan(before + 0.05);
      const { probs, confidence, label } = await me.predict((others[0] as { point: NdArray }).point);
      expect(Object.keys(probs)).toEqual(labels);
      expect(Object.values(probs).reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
      expect(probs[label]).toBe(confidence);
      await me.rollback(0);
      expect(await accuracyOf(me, others)).toBe(before);
    },
  );

  test('of a student that ends in a softmax the probabilities are the same', async () => {
    const [one] = await pointsOf(1, 32);
    const { point } = one as { point: NdArray };
    const probsOf = async (student: Student) => {
      await using store = await openStore('profiles', { kind: 'memory' });
      const learner = studentLearner({ trainer: made.trainer });
      await using me = await openProfile(store, student, { labels, learner, learning: 'asked' });
      const before = (await me.predict(point)).probs;
      for (const taught of await pointsOf(8, 30)) await me.teach(taught.point, taught.label);
      await me.learn().done;
      return [before, (await me.predict(point)).probs].flatMap((probs) => Object.values(probs));
    };
    const [plain, soft] = [await probsOf(made.plain), await probsOf(withSoftmax(made.plain))];
    for (const [i, value] of plain.entries()) expect(soft[i]).toBeCloseTo(value, 6);
    expect(plain.slice(0, 4)).not.toEqual(plain.slice(4));
  });

  test('a new label becomes a class', async () => {
    await using store = await openStore('profiles', { kind: 'memory' });
    const learner = studentLearner({ trainer: made.trainer });
    await using me = await openProfile(store, made.plain, { labels, learner, newLabels: 'allowed', learning: 'asked' });
    for (const { point, label } of await pointsOf(12, 32, 5)) await me.teach(point, label);
    await me.learn().done;
    expect(await accuracyOf(me, await pointsOf(20, 33, 5))).toBeGreaterThan(0.65);
  });

  test('one example of each class is enough to begin', async () => {
    await using store = await openStore('profiles', { kind: 'memory' });
    const learner = studentLearner({ trainer: made.trainer });
    await using me = await openProfile(store, made.plain, { labels, learner, learning: 'asked' });
    for (const { point, label } of await pointsOf(1, 34)) await me.teach(point, label);
    const { report } = await me.learn().done;
    expect(report).toMatchObject({ method: { name: 'prototypes' }, fallback: expect.stringContaining('two examples') });
  });

  test('one class only is told, and nothing changes', async () => {
    await using store = await openStore('profiles', { kind: 'memory' });
    const learner = studentLearner({ trainer: made.trainer });
    await using me = await openProfile(store, made.plain, { labels, learner, learning: 'asked' });
    for (const { point } of (await pointsOf(2, 35)).slice(0, 3)) await me.teach(point, 'north');
    await expect(me.learn().done).rejects.toMatchObject({ code: 'class-mismatch' });
    expect((await me.current()).number).toBe(0);
    expect((await me.examples()).length).toBe(3);
  });

  test.each(['features', 'examples'] as const)(
    'learns behind noise from %s, and the ledger says what its reports say',
    async (keeps) => {
      await using store = await openStore('profiles', { kind: 'memory' });
      const privacy = { epsilon: 4, delta: 1e-3, steps: 20 };
      const method = keeps === 'examples' ? { method: lora({ rank: 2 }) } : {};
      const learner = studentLearner({ trainer: made.trainer, privacy: { ...privacy, budget: 6.5 }, ...method });
      await using me = await openProfile(store, made.plain, { labels, learner, keeps, learning: 'asked' });
      for (const { point, label } of await pointsOf(8, 30)) await me.teach(point, label);
      const versions: Record<string, number>[] = [];
      for (let i = 0; i < 2; i++) {
        const run = me.learn();
        for await (const event of run) {
          if (event.type === 'not-applied') versions.push(event.report['privacy'] as Record<string, number>);
          if (event.type === 'learned') {
            versions.push(event.version.report['privacy'] as Record<string, number>);
            expect(event.version.privacy?.epsilon).toBeCloseTo(versions.at(-1)?.['epsilon'] as number, 9);
          }
        }
      }
      const [first, second] = versions as [Record<string, number>, Record<string, number>];
      for (const told of [first, second]) {
        expect(told['epsilon']).toBeLessThanOrEqual(4);
        expect(told['epsilon']).toBeGreaterThan(3.99);
      }
      const { noiseMultiplier = 0, sampleFraction = 0 } = first;
      const both = privacySpent({ noiseMultiplier, sampleFraction, steps: 40, delta: 1e-3 }).epsilon;
      const { privacy: total } = await me.contents();
      expect(total).toEqual({ epsilon: expect.closeTo(both, 9), delta: 1e-3, runs: 2, budget: 6.5 });
      await expect(me.learn().done).rejects.toMatchObject({ code: 'privacy-spent' });
    },
  );

  test('what is refused before its first noisy step spends nothing', async () => {
    await using store = await openStore('profiles', { kind: 'memory' });
    const privacy = { noiseMultiplier: 50, budget: 9 };
    const learner = studentLearner({ trainer: made.trainer, method: prototypes(), privacy });
    await using me = await openProfile(store, made.plain, { labels, learner, learning: 'asked' });
    for (const { point, label } of await pointsOf(2, 35)) await me.teach(point, label);
    await expect(me.learn().done).rejects.toMatchObject({ code: 'invalid-option' });
    expect((await me.contents()).privacy).toEqual({ epsilon: 0, delta: 0, runs: 0, budget: 9 });
  });

  test.each([
    ['one that is unknown', { methd: lora() }],
    ['privacy without epsilon or noise', { privacy: { budget: 3 } }],
    ['an unknown one of privacy', { privacy: { epsilon: 1, epsilons: 3 } }],
    ['a budget of nothing', { privacy: { epsilon: 1, budget: 0 } }],
    ['a budget that the first version exceeds', { privacy: { epsilon: 3, budget: 2 } }],
    ['a seed that repeats the noise', { privacy: { epsilon: 3, noiseSeed: [1, 2, 3, 4] } }],
  ])('the base’s options are checked: %s', (_, options) => {
    expect(() => studentLearner(options as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
