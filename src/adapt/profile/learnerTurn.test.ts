import { describe, expect, test, vi } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { openStore } from '../../storage/openStore.ts';
import { usePageTrainer } from '../../train/pageTrainer.ts';
import type * as trainers from '../../train/trainer.ts';
import { readAll } from '../examples.ts';
import { clouds, taughtStudents } from '../personalizeCases.ts';
import { openProfile } from './openProfile.ts';
import type { Profile } from './profile.ts';
import { makeDisk, meanLearner, openWith, point, storeOn, world } from './profileCases.ts';
import { studentLearner } from './studentLearner.ts';

// The page's trainer works on this thread, as Node has no workers of a page.
vi.mock('../../train/trainer.ts', async (original) => {
  const real = await original<typeof trainers>();
  const startTrainer = async () => ({
    trainer: await real.openTrainer({ worker: 'none', backend: 'cpu' }),
    died: new Promise<void>(() => undefined),
  });
  return { ...real, startTrainer };
});

/** A learner that waits for its turn until `open` is called. */
function waitingLearner() {
  const learner = meanLearner();
  const turn = { waits: 0, disposals: 0, given: [] as unknown[], open: (): void => undefined };
  const gate = new Promise<void>((resolve) => {
    turn.open = resolve;
  });
  const mine = { [Symbol.asyncDispose]: async () => void turn.disposals++ };
  learner.ready = async (signal) => {
    turn.waits++;
    await new Promise<void>((resolve, reject) => {
      gate.then(resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    return mine;
  };
  const { learn } = learner;
  learner.learn = (kept, budget, emit, signal, begin, given) => {
    turn.given.push(given === mine);
    return learn(kept, budget, emit, signal, begin);
  };
  return { learner, turn };
}

describe('learning that waits for its turn', () => {
  test('keeps nobody else from the profile, learns from what is there by then, and gives the turn back', async () => {
    const { learner, turn } = waitingLearner();
    const { disk, profile } = await world({ learner: () => learner });
    await profile.observe(point(1, 1), 'left', { id: 'a' });
    const file = await profile.exportBytes();
    const learning = profile.learn().done;
    await vi.waitFor(() => expect(turn.waits).toBe(1));
    const other = await openWith(await storeOn(disk));
    await other.observe(point(2, 1), 'left', { id: 'b' });
    expect(await other.learn().done).toMatchObject({ number: 1 });
    await other.rollback(0);
    await other.importBytes(file);
    expect(await other.forget('a')).toMatchObject({ versions: [1] });
    expect(learner.learned).toHaveLength(0);
    turn.open();
    expect(await learning).toMatchObject({ number: 2, examples: ['b'] });
    expect(turn).toMatchObject({ given: [true], disposals: 1 });
  });

  test('waits for nothing where there is nothing to learn, and can be stopped', async () => {
    const { learner, turn } = waitingLearner();
    const { profile } = await world({ learner: () => learner });
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'empty-dataset' });
    expect(turn.waits).toBe(0);
    await profile.observe(point(1, 1), 'left');
    const controller = new AbortController();
    const learning = profile.learn({ signal: controller.signal }).done;
    await vi.waitFor(() => expect(turn.waits).toBe(1));
    controller.abort();
    await expect(learning).rejects.toMatchObject({ name: 'AbortError' });
    await profile.rollback(0);
  });
});

describe('a profile of a real student', () => {
  const { made } = taughtStudents();

  test('is not locked while another run has the page’s trainer', async () => {
    const disk = makeDisk();
    const labels = ['north', 'east', 'south', 'west'];
    const open = async (): Promise<Profile> =>
      openProfile(await storeOn(disk), made.plain, {
        ...{ labels, keeps: 'examples', learning: 'asked' },
        learner: studentLearner({ trainer: { threads: 1 } }),
      });
    await using one = await open();
    await using other = await open();
    const { inputs, labels: numbers } = await readAll(clouds(2, 5, 0.7));
    const { data } = inputs['input'] as NdArray;
    for (const [i, label] of (numbers as Int32Array).entries()) {
      const example = { data: data.slice(2 * i, 2 * i + 2), shape: [2] };
      await one.observe(example, labels[label] as string, { id: `id ${i}` });
    }
    const signal = new AbortController().signal;
    const run = await usePageTrainer({ threads: 1 }, { signal, emit: () => undefined });
    let isOver = false;
    const learning = one.learn({ steps: 2 }).done.finally(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.rollback(0);
    await other.forget('id 0');
    expect(isOver).toBe(false);
    await run[Symbol.asyncDispose]();
    await learning;
    // The turn was given back.
    await using _next = await usePageTrainer({ threads: 1 }, { signal, emit: () => undefined });
  }, 20_000);

  test('learns behind noise what `personalize` would by the same counts, with the same four numbers', async () => {
    await using store = await openStore('spent', { kind: 'memory' });
    const { personalize } = await import('../personalize.ts');
    const { lora } = await import('../methods/lora.ts');
    const method = lora({ rank: 1 });
    const labels = ['north', 'east', 'south', 'west'];
    const data = clouds(15, 5, 0.7);
    const shared = { keep: { replay: clouds(40, 6), replayExamples: 20 }, guard: { holdoutFraction: 0.5 } };
    const privacy = { epsilon: 6, steps: 2 };
    const { trainer } = made;
    await using profile = await openProfile(store, made.plain, {
      ...{ labels, keeps: 'examples', learning: 'asked' },
      learner: studentLearner({ ...shared, method, privacy, trainer }),
    });
    const { inputs, labels: numbers } = await readAll(data);
    const { data: points } = inputs['input'] as NdArray;
    for (const [i, label] of (numbers as Int32Array).entries()) {
      await profile.observe({ data: points.slice(2 * i, 2 * i + 2), shape: [2] }, labels[label] as string);
    }
    const plain = await personalize({ student: made.plain, data, ...shared, method, privacy, trainer }).done;
    let told: unknown;
    for await (const event of profile.learn()) {
      if (event.type === 'not-applied') told = event.report['privacy'];
      if (event.type === 'learned') told = event.version.report['privacy'];
    }
    expect(told).toEqual(plain.report.privacy);
  });
});
