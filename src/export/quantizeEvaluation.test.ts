import { describe, expect, test } from 'vitest';
import type { LimbeckError } from '../core/errors.ts';
import { fromArrays } from '../data/arrays.ts';
import { goldenBytes, goldenData, HERE } from './quantize/quantizeCases.ts';
import { type QuantizeEvent, type QuantizeOptions, quantize } from './quantize.ts';

describe('evaluation', () => {
  const labels = Int32Array.from({ length: 24 }, (_, i) => i % 5);
  const progress = async (options: QuantizeOptions) => {
    const run = quantize(goldenBytes('image'), { ...options, ...HERE });
    const events: QuantizeEvent[] = [];
    for await (const event of run) events.push(event);
    return { ...(await run.done), events };
  };

  test('compares both models, and tells how far it is', async () => {
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

  test('a model that lost more than it may is not given', async () => {
    const evaluate = { data: goldenData('image'), metric: 'cosine', tolerance: 0.0001 } as const;
    const failing = quantize(goldenBytes('image'), { to: 'int4', evaluate, ...HERE }).done;
    const error = (await failing.catch((reason: unknown) => reason)) as LimbeckError;
    expect(error).toMatchObject({ code: 'below-tolerance', message: expect.stringMatching(/100 % to .*exclude/) });
    expect(error.details['report']).toMatchObject({ to: 'int4', metricBefore: 1 });
  });

  test('an output that is not there is named', async () => {
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
