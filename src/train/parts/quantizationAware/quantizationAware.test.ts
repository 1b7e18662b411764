import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../../core/shape.ts';
import { specOf } from '../../../losses/spec.ts';
import * as tf from '../../../runtime/tf.ts';
import { buildStudent } from '../../../student/build.ts';
import { expectUndisturbed } from '../../asideCases.ts';
import type { TrainJob } from '../../engine.ts';
import {
  accuracyOf,
  bytesOf,
  engineOn,
  expectClose,
  holdout,
  makeJob,
  problem,
  SIZE,
  sourceOf,
} from '../../engineCases.ts';
import { batchOf, CLASSES as CASE_CLASSES, loss, students } from '../../stepperCases.ts';
import { columns, SIZE as NORMED_SIZE, normed, statistics } from '../batchNorm/batchNormCases.ts';
import { checkQuantizationAware, quantizationSettings } from './quantizationAware.ts';
import { predictQuantized } from './quantizedCases.ts';

describe('the options', () => {
  test.each([
    [{ weightBits: 1 }, 'weightBits'],
    [{ weightBits: 9 }, 'weightBits'],
    [{ weightBits: 4.5 }, 'weightBits'],
    [{ activationBits: 4 }, 'activationBits'],
    [{ perChannel: 'no' }, 'perChannel'],
    [{ startFraction: 1 }, 'startFraction'],
    [{ startFraction: Number.NaN }, 'startFraction'],
    [{ momentum: 1 }, 'momentum'],
    [{ momentum: -0.1 }, 'momentum'],
    [{ exclude: 'logits' }, 'exclude'],
    [{ exclude: [3] }, 'exclude'],
    [{ bits: 8 }, 'bits'],
    [4, 'quantizationAware'],
  ])('%o are refused', (options, name) => {
    expect(() => checkQuantizationAware(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(`"${name}"`) }),
    );
  });

  test.each([true, false, {}, { weightBits: 2, activationBits: 'none', startFraction: 0, momentum: 0 }] as const)(
    '%o are accepted',
    (options) => expect(() => checkQuantizationAware(options)).not.toThrow(),
  );
});

describe.each(['cpu', 'wasm'] as const)('a quantization-aware run on %s', (backendName) => {
  const here = engineOn(backendName);
  const { engine, train } = here;

  test('starts rounding at the given step, and gives a plain student, the same one for the same seed', async () => {
    const changed = { epochs: 2, quantizationAware: { startFraction: 0.5 } };
    const [first, second, plain] = [await train(changed), await train(changed), await train({ epochs: 2 })];
    expect(first.error).toBeUndefined();
    expect(first.report.quantizationAware).toMatchObject({
      weightBits: 8,
      activationBits: 8,
      perChannel: true,
      startStep: 11,
    });
    expect(bytesOf(first.artifacts)).toEqual(bytesOf(second.artifacts));
    // tfjs numbers the layers of each model anew.
    expect(Object.values(first.report.quantizationAware?.ranges ?? {})).toEqual(
      Object.values(second.report.quantizationAware?.ranges ?? {}),
    );
    expect(first.artifacts.weightSpecs.map(({ shape }) => shape)).toEqual(
      plain.artifacts.weightSpecs.map(({ shape }) => shape),
    );
    expect(JSON.stringify(first.artifacts.modelTopology)).not.toMatch(/range/i);
    expect(plain.report.quantizationAware).toBeUndefined();
    // The first half is the same run; the second is not.
    expect(first.epochs[0]?.loss).toBe(plain.epochs[0]?.loss);
    expect(first.epochs[1]?.loss).not.toBe(plain.epochs[1]?.loss);
  });

  test('reports what was rounded, and from which step on', async () => {
    const { report } = await train({ quantizationAware: { weightBits: 4, startFraction: 0, exclude: ['logits'] } });
    const { layers = [], ranges = {}, ...rest } = report.quantizationAware ?? {};
    expect(rest).toEqual({ weightBits: 4, activationBits: 8, perChannel: true, startStep: 1 });
    expect(layers.length).toBe(1);
    expect(layers).not.toContain('logits');
    expect(Object.values(ranges).every(([least, most]) => least <= 0 && most >= 0 && most > least)).toBe(true);
    expect(structuredClone(report)).toEqual(report);
  });

  test('learns: the rounded student comes to agree with its teacher', async () => {
    const { epochs } = await train({ holdoutSize: SIZE, epochs: 30, quantizationAware: true });
    expect(accuracyOf(epochs.at(-1)?.holdoutOutputs as NdArray)).toBeGreaterThanOrEqual(0.9);
  });

  test('does not affect predictions between its steps, nor they it', () =>
    expectUndisturbed(here, { quantizationAware: true }));

  test('rounds values while the statistics of batch normalization are estimated', async () => {
    const job = { student: await normed(), size: NORMED_SIZE, quantizationAware: { startFraction: 0 } };
    const [one, again] = [await train(job), await train(job)];
    expect(one.error).toBeUndefined();
    expect(again.artifacts.weightData).toEqual(one.artifacts.weightData);
    expectClose(statistics(one.artifacts).mean, columns(problem.inputs).mean);
    expect(one.report).toEqual(again.report);
  });

  test('reports what the rounded student answers on the holdout', async () => {
    const { epochs, artifacts } = await train({
      holdoutSize: SIZE,
      quantizationAware: { startFraction: 0, activationBits: 'none', weightBits: 3 },
    });
    const settings = quantizationSettings({ activationBits: 'none', weightBits: 3 });
    const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
    tf.tidy(() => {
      const inputs = tf.tensor(holdout.inputs.data, [...holdout.inputs.shape]);
      const wanted = predictQuantized(model, settings, inputs, inputs).dataSync();
      const actual = epochs[0]?.holdoutOutputs?.data ?? [];
      expect(actual.length).toBe(wanted.length);
      wanted.forEach((value, i) => {
        expect(Math.abs((actual[i] as number) - value)).toBeLessThan(1e-4);
      });
    });
    model.dispose();
  });

  test('gives a student that loses less when it is quantized', async () => {
    const bits = { weightBits: 3, perChannel: false } as const;
    const missed = async (changed: Partial<TrainJob>) => {
      const { artifacts } = await train({ epochs: 30, ...changed });
      const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
      const distance = tf.tidy(() => {
        const inputs = tf.tensor(problem.inputs.data, [...problem.inputs.shape]);
        const teacher = tf.softmax(tf.tensor2d(problem.teacher.data, problem.teacher.shape as [number, number]));
        const answer = predictQuantized(model, quantizationSettings(bits), inputs, inputs);
        return tf.mean(tf.abs(tf.sub(tf.softmax(answer as tf.Tensor2D), teacher))).dataSync()[0] as number;
      });
      model.dispose();
      return distance;
    };
    const aware = await missed({ quantizationAware: { ...bits, startFraction: 0.25 } });
    expect(aware).toBeLessThan(0.8 * (await missed({})));
  });

  test('leaves a plain student when it is stopped', async () => {
    const controller = new AbortController();
    const source = sourceOf(problem);
    let reads = 0;
    const read: typeof source.read = (indices) => {
      if (++reads === 8) controller.abort();
      return source.read(indices);
    };
    const changed = { epochs: 2, quantizationAware: { startFraction: 0.2 } };
    const { artifacts, error, report } = await train(changed, { ...source, read }, controller.signal);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(report).toEqual({});
    expect(bytesOf(artifacts).length).toBe(4 * 212);
  });

  test('is refused before its first step if it excludes a layer that does not exist', async () => {
    const batch = {
      inputs: { input: { data: problem.inputs.data.slice(0, 16), shape: [2, 8] } },
      teacher: { logits: { data: problem.teacher.data.slice(0, 8), shape: [2, 4] } },
    };
    const job = (exclude: string[]) => makeJob({ quantizationAware: { exclude } });
    await expect(engine.check(await job(['head']), batch)).rejects.toMatchObject({ code: 'invalid-option' });
    const description = await engine.check(await job(['logits']), batch);
    expect(description.parameters).toBe(212);
  });

  test.each(Object.entries(students).filter(([name]) => backendName === 'wasm' || name === 'ds-cnn'))(
    'of %s replays its steps on wasm, and leaks no tensor',
    async (_name, one) => {
      const notices: unknown[] = [];
      for (const perChannel of [true, false]) {
        const teacherShapes = { logits: [CASE_CLASSES] };
        const changed = {
          loss: specOf(loss),
          teacherShapes,
          size: 48,
          batchSize: 8,
          quantizationAware: { perChannel },
        };
        let seed = 0;
        const { report, error } = await engine.train(
          await makeJob({ ...changed, epochs: 2, student: await one.student().portable() }),
          {
            read: async () => batchOf(one, 8, ++seed),
            readInputs: async () => batchOf(one, 8, ++seed).inputs,
            readHoldout: async () => ({}),
          },
          (event) => void (event.type === 'notice' && notices.push(event.message)),
          new AbortController().signal,
        );
        expect(error).toBeUndefined();
        expect(report.quantizationAware?.startStep).toBe(7);
        expect(
          Object.values(report.quantizationAware?.ranges ?? {})
            .flat()
            .every(Number.isFinite),
        ).toBe(true);
      }
      expect(notices).toEqual([]);
    },
  );
});
