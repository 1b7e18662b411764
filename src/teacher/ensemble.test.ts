import { describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { type EnsembleOptions, ensemble } from './ensemble.ts';
import { array, fixed, inputs, logits } from './ensembleCases.ts';
import golden from './golden/ensemble.json' with { type: 'json' };

function closeTo(actual: NdArray | undefined, needed: readonly number[], tolerance: number): void {
  expect(actual?.data.length).toBe(needed.length);
  for (const [i, value] of needed.entries()) {
    const error = Math.abs((actual?.data[i] ?? Number.NaN) - value);
    expect(error, `value ${i}`).toBeLessThan(tolerance * Math.max(1, Math.abs(value)));
  }
}

describe.each(golden.cases)('beside PyTorch: $shape, weights $weights, scale $scale', (one) => {
  const members = one.members.map((values) =>
    logits(
      values.map((k) => (one.scale * k) / 16),
      ...one.shape,
    ),
  );
  const ask = async (options: EnsembleOptions, of = members) =>
    ensemble(of, { weights: one.weights, ...options }).ask(inputs);

  test('the mean of the logits', async () => {
    const answer = await ask({});
    expect(answer['logits']?.shape).toEqual(one.shape);
    closeTo(answer['logits'], one.logits, 1e-6);
  });

  test('the logarithm of the mean of the probabilities', async () => {
    const answer = await ask({ mean: 'probs' });
    expect(answer['logits']?.shape).toEqual(one.shape);
    closeTo(answer['logits'], one.probs, 1e-6);
  });

  test('the same from probabilities, as far as they reach', async () => {
    const classes = one.shape.at(-1) ?? 1;
    const given = members.map((_, i) => {
      const values = (one.members[i] ?? []).map((k) => (one.scale * k) / 16);
      const probs = values.map((value, at) => {
        const row = values.slice(at - (at % classes), at - (at % classes) + classes);
        return 1 / row.reduce((sum, other) => sum + Math.exp(other - value), 0);
      });
      return logits(probs, ...one.shape);
    });
    const answer = await ask({ mean: 'probs', given: 'probs' }, given);
    const means = Array.from(answer['logits']?.data ?? [], Math.exp);
    // Each probability is 1e-7 at least, and that times the number of classes is what all of them may lose.
    closeTo({ data: Float32Array.from(means), shape: [] }, one.meanProbs, 1e-6 + classes * 1e-7);
  });
});

describe('an ensemble', () => {
  test('weights all members alike unless it is told', async () => {
    const answer = await ensemble([logits([2, 4], 2, 1), logits([4, 8], 2, 1)]).ask(inputs);
    expect(Array.from(answer['logits']?.data ?? [])).toEqual([3, 6]);
  });

  test('stays finite where a member is sure', async () => {
    const answer = await ensemble([logits([0, 1e4], 1, 2), logits([1e4, 0], 1, 2)], { mean: 'probs' }).ask(inputs);
    expect(Array.from(answer['logits']?.data ?? [])).toEqual([0, 1].map(() => expect.closeTo(Math.log(0.5), 6)));
  });

  test('keeps members apart for losses, whatever their shapes and names', async () => {
    const features = array([1, 2, 3, 4], 2, 2);
    const other = fixed({ logits: array([3, 4, 5], 1, 3), features });
    const answer = await ensemble([logits([1, 2], 1, 2), other], { mean: 'losses' }).ask(inputs);
    expect(Object.keys(answer)).toEqual(['logits@0', 'logits@1', 'features@1']);
    expect(answer['features@1']).toEqual(features);
  });

  test('gives the outputs that it is told', async () => {
    const members = [1, 3].map((k) => fixed({ logits: array([k], 1, 1), features: array([k, k], 1, 2) }));
    const answer = await ensemble(members, { outputs: ['features'] }).ask(inputs);
    expect(answer).toEqual({ features: array([2, 2], 1, 2) });
  });

  test('asks all members at the same time', async () => {
    const waiting: (() => void)[] = [];
    const slow = () =>
      fixed({}, { ask: () => new Promise((resolve) => waiting.push(() => resolve({ logits: array([1], 1, 1) }))) });
    const answer = ensemble([slow(), slow(), slow()]).ask(inputs);
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    for (const resume of waiting) resume();
    await expect(answer).resolves.toHaveProperty('logits');
  });

  test('names the member that fails, and stops the others', async () => {
    const fault = new LimbeckError('teacher-failed', 'It failed on a batch.', { details: { batch: 3 } });
    const broken = fixed({}, { ask: () => Promise.reject(fault) }, { name: 'broken' });
    const ask = vi.fn((_inputs: NamedArrays, _signal?: AbortSignal) => new Promise<NamedArrays>(() => undefined));
    const patient = fixed({}, { ask });
    await expect(ensemble([patient, broken]).ask(inputs)).rejects.toMatchObject({
      code: 'teacher-failed',
      message: 'In the ensemble, member 1 ("broken"): It failed on a batch.',
      details: { batch: 3, member: 1 },
      cause: fault,
    });
    expect(ask.mock.calls[0]?.[1]?.aborted).toBe(true);
  });

  test('is cancelled with its members', async () => {
    const controller = new AbortController();
    const heeding = fixed(
      {},
      {
        ask: (_inputs, signal) =>
          new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
          }),
      },
    );
    const answer = ensemble([heeding, heeding]).ask(inputs, controller.signal);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await expect(ensemble([heeding]).ask(inputs, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each([
    { name: 'another shape', members: [logits([1, 2], 1, 2), logits([1, 2, 3], 1, 3)], code: 'shape-mismatch' },
    { name: 'another name', members: [logits([1], 1, 1), fixed({ scores: array([1], 1, 1) })], code: 'unknown-output' },
  ])('refuses a member with $name, and names it', async ({ members, code }) => {
    for (const mean of ['logits', 'probs'] as const) {
      await expect(ensemble(members, { mean }).ask(inputs)).rejects.toMatchObject({
        code,
        message: expect.stringContaining('member 1 ("a")'),
        details: { member: 1 },
      });
    }
  });

  test('disposes nobody but itself', async () => {
    const member = logits([1], 1, 1);
    const one = ensemble([member]);
    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    await expect(one.ask(inputs)).rejects.toMatchObject({ code: 'disposed' });
    await expect(one.timeMs(inputs, 1)).rejects.toMatchObject({ code: 'disposed' });
    expect(member[Symbol.asyncDispose]).not.toHaveBeenCalled();
    await expect(member.ask(inputs)).resolves.toHaveProperty('logits');
  });

  test('takes as long as its slowest member', async () => {
    const slow = fixed({}, { timeMs: async () => [5, 1, 5] });
    expect(await ensemble([logits([1], 1, 1), slow]).timeMs(inputs, 3)).toEqual([5, 2, 5]);
  });

  test('adds up what its members did, and counts for those that do not', async () => {
    const counting = fixed({ logits: array([1, 1], 2, 1) }, { usage: () => ({ calls: 3, computed: 40, found: 7 }) });
    const one = ensemble([counting, logits([1, 1], 2, 1)]);
    await one.ask(inputs);
    await one.ask(inputs);
    expect(one.usage?.()).toEqual({ calls: 3 + 2, computed: 40 + 4, found: 7 });
  });

  test('hands on what its members tell, with their names, until it is no longer wanted', () => {
    const listeners = new Set<(notice: string) => void>();
    const telling = fixed(
      {},
      {
        watch: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
    );
    const heard: string[] = [];
    const end = ensemble([logits([1], 1, 1), telling]).watch?.((notice) => heard.push(notice));
    for (const tell of listeners) tell('The device was lost.');
    expect(heard).toEqual(['member 1 ("a"): The device was lost.']);
    end?.();
    expect(listeners.size).toBe(0);
  });
});
