import { describe, expect, test } from 'vitest';
import { engineOn, expectClose, FEATURES, holdout, problem, sourceOf } from '../../engineCases.ts';
import type { AdaptationOptions } from '../adaptation/adaptation.ts';
import { columns, normed, SIZE, statistics } from './batchNormCases.ts';

describe.each(['cpu', 'wasm'] as const)('a run with batch normalization on %s', (backendName) => {
  const { engine, train } = engineOn(backendName);

  function counted() {
    const source = sourceOf(problem);
    const reads = { lessons: 0, inputs: 0 };
    return {
      reads,
      source: {
        ...source,
        read: (indices: Int32Array) => {
          reads.lessons++;
          return source.read(indices);
        },
        readInputs: (indices: Int32Array) => {
          reads.inputs++;
          return source.readInputs(indices);
        },
      },
    };
  }

  test('gives the statistics of its examples, whatever the momentum, without asking the teacher', async () => {
    const { reads, source } = counted();
    const { artifacts, events, error } = await train({ student: await normed(), size: SIZE, epochs: 2 }, source);
    expect(error).toBeUndefined();
    expectClose(statistics(artifacts).mean, columns(problem.inputs).mean);
    expectClose(statistics(artifacts).variance, columns(problem.inputs).variance);
    expect(reads).toEqual({ lessons: 2 * 9, inputs: 9 });
    const kinds = events.map(({ type }) => type);
    expect(events.findLast(({ type }) => type === 'batch-norm')).toEqual({
      type: 'batch-norm',
      layers: 1,
      examples: SIZE,
      total: SIZE,
    });
    expect(kinds.lastIndexOf('batch-norm')).toBe(kinds.length - 2);
    expect(kinds.indexOf('batch-norm')).toBeGreaterThan(kinds.indexOf('epoch'));
  });

  test('reports held-out outputs of the student that it returns', async () => {
    const { artifacts, epochs } = await train({ student: await normed(), holdoutSize: 40, epochs: 2 });
    const asked = { data: holdout.inputs.data.slice(0, 40 * FEATURES), shape: [40, FEATURES] };
    const { logits } = await engine.predict({ kind: 'artifacts', artifacts }, { input: asked });
    expectClose(epochs.at(-1)?.holdoutOutputs?.data ?? [], logits?.data ?? []);
  });

  test.each([
    ['kept', 0],
    ['mean', 0],
    ['moving', 9],
  ] as const)('leaves the statistics to an adaptation with "%s"', async (kind, inputs) => {
    const { reads, source } = counted();
    const student = await normed();
    const adaptation: AdaptationOptions = { statistics: kind, priorExamples: 1e6 };
    const { artifacts, error } = await train({ student, size: SIZE, adaptation }, source);
    expect(error).toBeUndefined();
    expect(reads.inputs).toBe(inputs);
    const distance = Math.max(
      ...statistics(artifacts).mean.map((mean, f) => Math.abs(mean - (columns(problem.inputs).mean[f] as number))),
    );
    if (kind === 'moving') expect(distance).toBeLessThan(1e-5);
    else expect(distance).toBeGreaterThan(0.5);
  });

  test.each(['a step', 'the estimate'])('keeps its moving averages when stopped during %s', async (where) => {
    const { source } = counted();
    const controller = new AbortController();
    const stopping = {
      ...source,
      readInputs: (indices: Int32Array) => {
        controller.abort();
        return source.readInputs(indices);
      },
    };
    if (where === 'a step') setTimeout(() => controller.abort(), 0);
    const epochs = where === 'a step' ? 10_000 : 1;
    const { artifacts, error } = await train({ student: await normed(), epochs }, stopping, controller.signal);
    expect(error).toMatchObject({ name: 'AbortError' });
    const { mean } = statistics(artifacts);
    // From 1 they have gone a little way to means about 0.
    expect(mean.every((value) => Number.isFinite(value) && value > 0.2)).toBe(true);
  });
});
