import { describe, expect, test } from 'vitest';
import { ndArray } from '../../core/shape.ts';
import { destroyProfile, listProfiles } from './listProfiles.ts';
import type { LearnEvent, Profile } from './profile.ts';
import { answersOf, LABELS, meanLearner, openWith, point, studentOf, world } from './profileCases.ts';

describe('a profile learns what it is shown', () => {
  test('at first it says what the base says, and after learning what the examples say', async () => {
    const { profile, learner } = await world();
    expect(await profile.predict(point(0.9, 0))).toMatchObject({ label: 'right' });
    expect(await profile.current()).toEqual({
      number: 0,
      timeMs: 0,
      examples: [],
      classes: LABELS,
      report: {},
      bytes: 0,
    });
    const ids = [await profile.observe(point(1, 0), 'left'), await profile.observe(point(-1, 0), 'right')];
    expect(await profile.predict(point(0.9, 0))).toMatchObject({ label: 'right' });
    const run = profile.learn({ ms: 500, steps: 7 });
    const events: LearnEvent[] = [];
    for await (const event of run) events.push(event);
    const version = await run.done;
    expect(events.map(({ type }) => type)).toEqual(['started', 'progress', 'learned']);
    expect(version).toMatchObject({ number: 1, examples: ids, classes: LABELS, report: { examples: 2 } });
    expect(learner.budgets).toEqual([{ ms: 500, steps: 7 }]);
    const { label, confidence, probs } = await profile.predict(point(0.9, 0));
    expect(label).toBe('left');
    // Means at 1 and −1, features doubled: exp(−0.2²) against exp(−3.8²).
    expect(confidence).toBeCloseTo(1 / (1 + Math.exp(0.04 - 14.44)), 6);
    expect(probs).toEqual({ left: confidence, right: expect.closeTo(1 - confidence, 6) });
  });

  test('it survives being opened again, and ids come back in the order of their making', async () => {
    const { profile, store } = await world();
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(await profile.observe(point(i, 1), LABELS[i % 2] as string));
    await profile.learn().done;
    const answers = await answersOf(profile);
    await profile[Symbol.asyncDispose]();
    const again = await openWith(store);
    expect(await answersOf(again)).toBe(answers);
    expect((await again.examples()).map(({ id }) => id)).toEqual(ids);
    expect([...ids].sort()).toEqual(ids);
    expect(await again.history()).toHaveLength(1);
  });

  test('features are kept and no inputs, unless these are asked for', async () => {
    const features = await world();
    await features.profile.observe(point(0.25, 0.125), 'left');
    await features.profile.learn().done;
    expect(features.learner.learned[0]).toMatchObject({ keeps: 'features', labels: Int32Array.of(0) });
    expect(features.learner.learned[0]?.inputs).toEqual({ features: ndArray(Float32Array.of(0.5, 0.25), [1, 2]) });
    const examples = await world({ keeps: 'examples' });
    await examples.profile.observe({ x: ndArray(Uint8Array.of(3, 4), [2]) }, 'left');
    await examples.profile.observe(ndArray(Uint8Array.of(5, 6), [2]), 'right');
    await examples.profile.learn().done;
    expect(examples.learner.learned[0]?.inputs).toEqual({ x: ndArray(Uint8Array.of(3, 4, 5, 6), [2, 2]) });
    await examples.profile.observe(point(0.5, 1), 'right');
    await examples.profile.learn().done;
    const pixels = [3, 4, 5, 6].map((byte) => byte / 255);
    expect(examples.learner.learned[1]?.inputs['x']?.data).toEqual(Float32Array.of(...pixels, 0.5, 1));
  });

  test('a new label adds a class behind the base’s', async () => {
    const { profile, store } = await world({ newLabels: 'allowed' });
    await profile.observe(point(0, 3), 'up');
    await profile.observe(point(1, 0), 'right');
    const version = await profile.learn().done;
    expect(version.classes).toEqual(['left', 'right', 'up']);
    expect(Object.keys((await profile.predict(point(0, 3))).probs)).toEqual(['left', 'right', 'up']);
    expect((await profile.predict(point(0, 3))).label).toBe('up');
    const strict = await openWith(store);
    await expect(strict.observe(point(0, 3), 'up')).rejects.toMatchObject({ code: 'unknown-label' });
  });

  test('what the learner does not apply changes nothing and is told', async () => {
    const { profile, learner } = await world();
    await profile.observe(point(1, 0), 'left');
    const version = await profile.learn().done;
    await profile.observe(point(2, 0), 'left');
    learner.refusal = 'It got worse.';
    const run = profile.learn();
    const events: LearnEvent[] = [];
    for await (const event of run) events.push(event);
    expect(await run.done).toEqual(version);
    expect(events.at(-1)).toEqual({ type: 'not-applied', why: 'It got worse.', report: { examples: 2 } });
    expect(await profile.history()).toEqual([version]);
  });

  test('a cancelled learning leaves everything as it was', async () => {
    const { profile, learner, disk } = await world();
    await profile.observe(point(1, 0), 'left');
    learner.gate = new Promise(() => undefined);
    const before = [...disk.values.keys()];
    const controller = new AbortController();
    const run = profile.learn({ signal: controller.signal });
    for await (const event of run) if (event.type === 'progress') break;
    controller.abort();
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    expect([...disk.values.keys()]).toEqual(before);
    learner.gate = undefined;
    expect((await profile.learn().done).number).toBe(1);
  });

  test('an id names one example, however often it is given', async () => {
    const { profile } = await world();
    expect(await profile.observe(point(1, 0), 'left', { id: 'photo 7' })).toBe('photo 7');
    expect(await profile.observe(point(1, 0), 'left', { id: 'photo 7' })).toBe('photo 7');
    await expect(profile.observe(point(1, 0), 'right', { id: 'photo 7' })).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('forget("photo 7")'),
    });
    expect(await profile.examples()).toMatchObject([{ id: 'photo 7', label: 'left' }]);
  });
});

describe('going back', () => {
  async function three() {
    const made = await world();
    const answers = [await answersOf(made.profile)];
    const ids: string[] = [];
    for (const x of [1, 2, 3]) {
      ids.push(await made.profile.observe(point(x, x), 'left', { id: `example ${x}` }));
      await made.profile.learn().done;
      answers.push(await answersOf(made.profile));
    }
    expect(new Set(answers).size).toBe(4);
    return { ...made, answers, ids };
  }

  test('an earlier version predicts again, and a later one can be taken again', async () => {
    const { profile, answers, store } = await three();
    for (const number of [1, 3, 0, 2]) {
      expect((await profile.rollback(number)).number).toBe(number);
      expect(await answersOf(profile)).toBe(answers[number]);
      expect(await answersOf(await openWith(store))).toBe(answers[number]);
    }
    expect((await profile.history()).map(({ number }) => number)).toEqual([1, 2, 3]);
    expect((await profile.learn().done).number).toBe(4);
    await expect(profile.rollback(9)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('0, 1, 2, 3, 4'),
    });
  });

  test('forgetting takes every version along that saw the example', async () => {
    const { profile, answers, disk } = await three();
    expect(await profile.forget('example 2')).toMatchObject({ versions: [2, 3], current: { number: 1 } });
    expect(await answersOf(profile)).toBe(answers[1]);
    expect((await profile.examples()).map(({ id }) => id)).toEqual(['example 1', 'example 3']);
    expect([...disk.values.keys()].filter((key) => /example 2|versions\/0000000[23]/.test(key))).toEqual([]);
    const version = await profile.learn().done;
    expect(version).toMatchObject({ number: 4, examples: ['example 1', 'example 3'] });
    await profile.forget('example 1');
    await profile.forget('example 3');
    expect(await answersOf(profile)).toBe(answers[0]);
    await expect(profile.forget('example 3')).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'empty-dataset' });
  });

  test('forgetting while it learns: what comes out never saw the example', async () => {
    const { profile, learner } = await world();
    await profile.observe(point(1, 0), 'left', { id: 'a' });
    await profile.observe(point(2, 0), 'left', { id: 'b' });
    learner.gate = new Promise(() => undefined);
    const run = profile.learn();
    for await (const event of run) if (event.type === 'progress') break;
    learner.gate = undefined;
    await profile.forget('a');
    expect((await run.done).examples).toEqual(['b']);
    expect(learner.learned.map(({ ids }) => ids)).toEqual([['a', 'b'], ['b']]);
  });

  test('only so many versions are kept', async () => {
    const { profile, disk } = await world({ mostVersions: 2 });
    await profile.observe(point(1, 0), 'left');
    for (let i = 0; i < 5; i++) await profile.learn().done;
    expect((await profile.history()).map(({ number }) => number)).toEqual([4, 5]);
    expect([...disk.values.keys()].filter((key) => key.includes('/versions/'))).toHaveLength(2);
  });
});

describe('several profiles in one store', () => {
  test('know nothing of each other, are listed, and are destroyed one by one', async () => {
    const { profile, store, disk } = await world();
    const other = await openWith(store, { name: 'défaut 2' });
    await other.observe(point(1, 0), 'left');
    expect(await profile.examples()).toEqual([]);
    expect(await listProfiles(store)).toEqual(['default', 'défaut 2']);
    await other.destroy();
    expect(await listProfiles(store)).toEqual(['default']);
    await expect(other.observe(point(1, 0), 'left')).rejects.toMatchObject({ code: 'disposed' });
    await destroyProfile(store);
    expect([...disk.values]).toEqual([]);
  });

  test('contents tells what is kept and how large it is', async () => {
    const { profile, disk } = await world();
    await profile.observe(point(1, 0), 'left');
    await profile.observe(point(2, 0), 'left');
    await profile.learn().done;
    const bytes = (part: string) =>
      [...disk.values].filter(([key]) => key.includes(part)).reduce((sum, [, { length }]) => sum + length, 0);
    expect(await profile.contents()).toEqual({
      ...{ keeps: 'features', examples: 2, exampleBytes: bytes('/examples/') },
      ...{ versions: 1, versionBytes: bytes('/versions/'), answerBytes: 0 },
    });
    expect((await profile.history())[0]?.bytes).toBe(bytes('/versions/'));
    expect((await profile.examples())[0]?.timeMs).toBeGreaterThan(1.7e12);
  });
});

describe('disposal', () => {
  test('ends learning, frees the learner, leaves the store, and may be done twice', async () => {
    const { profile, learner, store } = await world();
    await profile.observe(point(1, 0), 'left');
    learner.gate = new Promise(() => undefined);
    const run = profile.learn();
    for await (const event of run) if (event.type === 'progress') break;
    const observing = profile.observe(point(2, 0), 'left');
    await profile[Symbol.asyncDispose]();
    await profile[Symbol.asyncDispose]();
    await expect(run.done).rejects.toMatchObject({ code: 'disposed', details: { name: expect.any(String) } });
    await observing;
    expect(learner.disposals).toBe(1);
    const calls: ((one: Profile) => Promise<unknown>)[] = [
      (one) => one.observe(point(1, 0), 'left'),
      (one) => one.predict(point(1, 0)),
      (one) => one.learn().done,
      (one) => one.forget('a'),
      (one) => one.rollback(0),
      (one) => one.exportBytes(),
      (one) => one.destroy(),
      (one) => one.contents(),
    ];
    for (const call of calls) await expect(call(profile)).rejects.toMatchObject({ code: 'disposed' });
    expect(await (await openWith(store)).examples()).toHaveLength(2);
  });

  test('an opening that fails frees the learner', async () => {
    const { store } = await world();
    const learner = meanLearner();
    await expect(openWith(store, { learner: () => learner }, studentOf(2))).rejects.toMatchObject({
      code: 'patch-mismatch',
    });
    expect(learner.disposals).toBe(1);
  });
});
