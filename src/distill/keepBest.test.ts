import { describe, expect, test } from 'vitest';
import { openStore } from '../storage/openStore.ts';
import type { Store } from '../storage/store.ts';
import { distill } from './distill.ts';
import { data, holdout, makeStudent, weightsOf, working } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { LEARN, oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

describe('keepBest', () => {
  test('gives the student of its best epoch, and the report says which', async () => {
    // So large a rate that accuracy goes up and down.
    const options = { holdout, epochs: 12, batchSize: 16, optimizer: { name: 'sgd', learningRate: 3 } } as const;
    const { student, report } = await distill(working(trainer(), { ...options, keepBest: true })).done;
    const accuracies = report.epochs.map(({ holdout: { accuracy } }) => accuracy as number);
    const best = Math.max(...accuracies);
    expect(report.best).toEqual({ epoch: accuracies.indexOf(best) + 1, metric: 'accuracy', value: best });
    expect(report.holdout['accuracy']).toBe(best);
    const { done } = distill(working(trainer(), { ...options, epochs: report.best?.epoch as number }));
    expect(weightsOf(student)).toEqual(weightsOf((await done).student));
  });

  test('ends the run where nothing improves any more', async () => {
    const { report } = await distill(
      working(trainer(), { ...LEARN, holdout, epochs: 200, keepBest: { patience: 4, by: 'agreement' } }),
    ).done;
    const { best, epochs } = report;
    expect(epochs.length).toBe((best?.epoch as number) + 4);
    expect(epochs.length).toBeLessThan(200);
    expect(best?.metric).toBe('agreement');
  });

  test('names the metrics that there are, and stops in the first epoch, if it is to watch another', async () => {
    const run = distill(working(trainer(), { holdout, epochs: 50, keepBest: { by: 'f1' } }));
    let epochs = 0;
    const count = async () => {
      for await (const event of run) if (event.type === 'epoch') epochs++;
    };
    await expect(Promise.all([run.done, count()])).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/"f1".*accuracy/),
    });
    expect(epochs).toBeLessThanOrEqual(1);
  });

  test('needs a holdout', async () => {
    await expect(distill(working(trainer(), { keepBest: true })).done).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('holdout'),
    });
  });
});

describe('checkpoints', () => {
  const options = (store: Store, changed: Partial<DistillOptions> = {}): DistillOptions =>
    working(trainer(), { ...LEARN, holdout, epochs: 6, seed: 3, checkpoints: { store }, ...changed });

  /** Ends a run after an epoch, as a tab that is closed does. */
  async function endAfter(epoch: number, given: DistillOptions): Promise<void> {
    const run = distill(given);
    for await (const event of run) {
      if (event.type === 'step' && event.epoch > epoch) break;
    }
    run.cancel();
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
  }

  test('the same call goes on after the last epoch, and gives the same student and report', async () => {
    await using store = await openStore('runs', { kind: 'memory' });
    const { checkpoints: _, ...plain } = options(store);
    const whole = await distill(plain).done;
    await endAfter(3, options(store));
    expect(await store.keys()).toHaveLength(1);
    const run = distill(options(store));
    const notices: string[] = [];
    const told = (async () => {
      for await (const event of run) if (event.type === 'notice') notices.push(event.message);
    })();
    const { student, report } = await run.done;
    await told;
    expect(notices).toContainEqual(expect.stringMatching(/goes on after epoch [34] of 6/));
    expect(weightsOf(student)).toEqual(weightsOf(whole.student));
    expect(report.epochs.map(({ epoch, loss, holdout: scores }) => ({ epoch, loss, scores }))).toEqual(
      whole.report.epochs.map(({ epoch, loss, holdout: scores }) => ({ epoch, loss, scores })),
    );
    // It is complete.
    expect(await store.keys()).toEqual([]);
  });

  test('the best epoch may be one before', async () => {
    await using store = await openStore('runs', { kind: 'memory' });
    const given = { keepBest: true, optimizer: { name: 'sgd', learningRate: 3 } } as const;
    const { checkpoints: _, ...plain } = options(store, given);
    const whole = await distill(plain).done;
    await endAfter(4, options(store, given));
    const { student, report } = await distill(options(store, given)).done;
    expect(report.best).toEqual(whole.report.best);
    expect(weightsOf(student)).toEqual(weightsOf(whole.student));
  });

  test('another run begins anew and leaves the first its place; a damaged one begins anew and says so', async () => {
    await using store = await openStore('runs', { kind: 'memory' });
    await endAfter(2, options(store));
    const [key = ''] = await store.keys();
    const other = await distill(options(store, { seed: 4 })).done;
    expect(other.report.epochs).toHaveLength(6);
    expect(await store.keys()).toEqual([key]);
    const bytes = (await store.get(key)) as Uint8Array;
    for (const damaged of [
      bytes.slice(0, 20),
      bytes.slice(0, -4),
      bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)),
    ]) {
      for (const own of await store.keys()) await store.delete(own);
      await store.put(key, damaged);
      const run = distill(options(store));
      const notices: string[] = [];
      for await (const event of run) {
        if (event.type === 'notice') notices.push(event.message);
        if (event.type === 'epoch') break;
      }
      run.cancel();
      await run.done.catch(() => undefined);
      expect(notices).toContainEqual(expect.stringContaining('damaged'));
    }
  });

  test('a store that fails costs a notice', async () => {
    const put = async () => Promise.reject(new Error('It is full.'));
    const store = { get: async () => undefined, put, keys: async () => [], delete: async () => undefined };
    const run = distill(options(store as unknown as Store));
    const notices: string[] = [];
    for await (const event of run) if (event.type === 'notice') notices.push(event.message);
    expect((await run.done).report.epochs).toHaveLength(6);
    expect(notices.filter((notice) => notice.includes('It is full.'))).toHaveLength(1);
  });

  test('keep no more runs than some', async () => {
    await using store = await openStore('runs', { kind: 'memory' });
    for (let seed = 0; seed < 10; seed++) await endAfter(1, options(store, { seed, student: makeStudent(), data }));
    expect((await store.keys()).length).toBe(8);
  });
});
