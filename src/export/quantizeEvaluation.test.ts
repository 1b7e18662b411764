import { describe, expect, test } from 'vitest';
import type { LimbeckError } from '../core/errors.ts';
import { fromArrays } from '../data/arrays.ts';
import { floats, modelOf, node, value } from '../onnx/cases/tinyCases.ts';
import { describeOnnx } from '../onnx/describe/describe.ts';
import { writeModel } from '../onnx/model.ts';
import type { Metric } from '../train/metric.ts';
import { goldenBytes, goldenData, HERE } from './quantize/quantizeCases.ts';
import { quantize } from './quantize.ts';
import type { EvaluateOptions, QuantizeEvent, QuantizeOptions } from './quantizeOptions.ts';

/** One number for each row of 32. */
function regressor() {
  const wave = (count: number, seed: number) => Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + seed));
  const model = modelOf({
    input: [value('x', ['B', 32])],
    output: [value('y', ['B', 1])],
    initializer: [floats('w1', [32, 16], wave(512, 1)), floats('w2', [16, 1], wave(16, 2))],
    node: [node('MatMul', ['x', 'w1'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'w2'], ['y'])],
  });
  const data = fromArrays({ data: Float32Array.from(wave(40 * 32, 3)), shape: [40, 32] });
  return { bytes: writeModel(model), data };
}

describe('evaluation', () => {
  const labels = Int32Array.from({ length: 24 }, (_, i) => i % 5);
  const progress = async (options: QuantizeOptions) => {
    const run = quantize(goldenBytes('image'), { ...options, ...HERE });
    const events: QuantizeEvent[] = [];
    for await (const event of run) events.push(event);
    return { ...(await run.done), events };
  };

  test('compares both models, and reports its progress', async () => {
    const data = goldenData('image');
    const options = {
      to: 'static-int8',
      calibration: data,
      calibrationExamples: 16,
      evaluate: { data, tolerance: 0.2 },
    };
    const { report, events } = await progress(options as QuantizeOptions);
    expect(report).toMatchObject({ metric: 'agreement', metricBefore: 1 });
    expect(report.metricAfter).toBeGreaterThan(0.8);
    expect(report.msCalibration).toBeGreaterThan(0);
    expect(events).toContainEqual({ type: 'calibrate', examples: 8, total: 16 });
    expect(events).toContainEqual({ type: 'calibrate', examples: 16, total: 16 });
    expect(events.at(-1)).toEqual({ type: 'evaluate', examples: 24, total: 24 });
  });

  test('with labels it is the accuracy, and with "cosine" the angle', async () => {
    const { inputs } = await goldenData('image').read(Int32Array.from({ length: 24 }, (_, i) => i));
    const data = fromArrays(inputs, labels);
    const { report } = await progress({ to: 'float16', evaluate: { data } });
    expect(report.metric).toBe('accuracy');
    expect(report.metricAfter).toBe(report.metricBefore);
    const cosine = await progress({ to: 'dynamic-int8', evaluate: { data, metric: 'cosine' } });
    expect(cosine.report.metricAfter).toBeGreaterThan(0.99);
    expect(cosine.report.metricAfter).toBeLessThan(1);
  });

  test('a custom metric gets all examples at once, and may be better if lower', async () => {
    const data = goldenData('image');
    const asked: number[] = [];
    const spread: Metric = {
      name: 'spread',
      better: 'lower',
      reads: { teacher: true, labels: false },
      compute({ student, teacher }) {
        asked.push(student.shape[0] ?? 0);
        return Math.max(...student.data.map((value, i) => Math.abs(value - (teacher?.data[i] as number))));
      },
    };
    const { report } = await progress({ to: 'dynamic-int8', evaluate: { data, metric: spread, tolerance: 1 } });
    expect(report).toMatchObject({ metric: 'spread', metricBefore: 0 });
    expect(report.metricAfter).toBeGreaterThan(0);
    expect(asked).toEqual([24, 24]);
    const evaluate = { data, metric: spread, tolerance: 0 };
    await expect(progress({ to: 'int4', evaluate })).rejects.toMatchObject({ code: 'below-tolerance' });
    const labelled = { ...spread, reads: { teacher: true, labels: true } };
    await expect(progress({ to: 'int4', evaluate: { data, metric: labelled } })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });

  test('for a regression it is R², not an agreement that is always 1', async () => {
    const { bytes, data } = regressor();
    const run = quantize(bytes, { to: 'dynamic-int8', evaluate: { data, tolerance: 1 }, ...HERE });
    const { report } = await run.done;
    expect(report).toMatchObject({ metric: 'coefficientOfDetermination', metricBefore: 1 });
    expect(report.metricAfter).toBeGreaterThan(0.9);
    expect(report.metricAfter).toBeLessThan(1);
  });

  test('a model that lost more than allowed is refused', async () => {
    const evaluate = { data: goldenData('image'), metric: 'cosine', tolerance: 0.0001 } as const;
    const failing = quantize(goldenBytes('image'), { to: 'int4', evaluate, ...HERE }).done;
    const error = (await failing.catch((reason: unknown) => reason)) as LimbeckError;
    expect(error).toMatchObject({ code: 'below-tolerance', message: expect.stringMatching(/100 % to .*exclude/) });
    expect(error.details['report']).toMatchObject({ to: 'int4', metricBefore: 1 });
  });

  test('an only output is accepted by its name in the file, and as logits', async () => {
    const [name] = describeOnnx(goldenBytes('image')).outputs.map((output) => output.name);
    expect(name).not.toBe('logits');
    for (const output of [name, 'logits']) {
      const evaluate = { data: goldenData('image'), output } as EvaluateOptions;
      expect((await progress({ to: 'float16', evaluate })).report.metricAfter).toBe(1);
    }
  });

  test('a missing output is named', async () => {
    const evaluate = { data: goldenData('image'), output: 'z' };
    await expect(quantize(goldenBytes('image'), { to: 'float16', evaluate, ...HERE }).done).rejects.toMatchObject({
      code: 'unknown-output',
    });
  });
});

test('it can be stopped while it calibrates', async () => {
  const stop = new AbortController();
  const run = quantize(goldenBytes('image'), {
    ...{ to: 'static-int8', calibration: goldenData('image'), signal: stop.signal, ...HERE },
  });
  for await (const event of run) {
    if (event.type === 'calibrate') stop.abort();
    if (event.type === 'calibrate') break;
  }
  await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
});
