// Metrics of a student that does not give classes.
import { describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { embeddingMatch } from '../losses/feature/embeddingMatch.ts';
import { regression } from '../losses/response/regression.ts';
import * as tf from '../runtime/tf.ts';
import type { Metric } from '../train/metric.ts';
import { distill } from './distill.ts';
import { FEATURES, HELD_OUT, heldOutPoints, holdout, makeTeacher, working } from './distillCases.ts';
import { oneTrainer } from './trainerCases.ts';

/** One number, or several, for each point. */
const valuesOf = ({ data, shape }: NdArray, width: number): NdArray => ({
  data: Float32Array.from({ length: (shape[0] as number) * width }, (_, at) => {
    const from = Math.floor(at / width) * FEATURES;
    return 3 * (data[from + ((at % width) % FEATURES)] as number) - (data[from + 1] as number) + 1;
  }),
  shape: [shape[0] as number, width],
});

const studentOf = (units: number) =>
  tf.sequential({
    layers: [
      tf.layers.dense({
        units,
        inputShape: [FEATURES],
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
    ],
  });

describe('metrics by kind of output', () => {
  const trainer = oneTrainer();

  async function measured(width: number, units: number, changed: Partial<Parameters<typeof working>[1]>) {
    const { teacher } = makeTeacher((input) => ({ logits: valuesOf(input, width) }));
    const model = studentOf(units);
    try {
      const run = distill(
        working(trainer(), {
          teacher,
          student: model,
          holdout,
          epochs: 30,
          optimizer: { learningRate: 0.05 },
          ...changed,
        }),
      );
      const told: string[][] = [];
      for await (const event of run) if (event.type === 'epoch') told.push(Object.keys(event.holdout));
      const { report, student } = await run.done;
      const { logits } = await trainer().predict(student, { input: heldOutPoints });
      return { report, told, logits: logits as NdArray };
    } finally {
      model.dispose();
    }
  }

  test('a regression to one number, with labels, is measured by R², MAE and RMSE, not by an agreement of 1', async () => {
    const { report, told, logits } = await measured(1, 1, { loss: regression({ output: 'logits' }) });
    const names = ['coefficientOfDetermination', 'meanAbsoluteError', 'rootMeanSquaredError'];
    expect(told).toEqual(Array(30).fill(names));
    const truth = valuesOf(heldOutPoints, 1);
    const squares = Array.from(truth.data, (value, i) => (value - (logits.data[i] as number)) ** 2);
    const rmse = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / HELD_OUT);
    expect(report.holdout['rootMeanSquaredError']).toBeCloseTo(rmse, 5);
    expect(report.holdout['coefficientOfDetermination']).toBeGreaterThan(0.95);
  });

  test('one that has learned nothing has an R² near 0 or below', async () => {
    const { report } = await measured(1, 1, {
      loss: regression({ output: 'logits' }),
      optimizer: { learningRate: 1e-9 },
    });
    expect(report.holdout['coefficientOfDetermination']).toBeLessThan(0.3);
  });

  test('embeddings are measured by cosine and neighbours, even if the student’s are shorter', async () => {
    const same = await measured(4, 4, { loss: embeddingMatch({ output: 'logits' }) });
    expect(Object.keys(same.report.holdout)).toEqual(['cosineSimilarity', 'neighboursKept']);
    expect(same.report.holdout['cosineSimilarity']).toBeGreaterThan(0.9);
    const shorter = await measured(4, 3, { loss: embeddingMatch({ output: 'logits' }) });
    expect(Object.keys(shorter.report.holdout)).toEqual(['neighboursKept']);
  });

  test('the user chooses the kind of output and further metrics', async () => {
    const worst: Metric = {
      name: 'worst',
      better: 'lower',
      reads: { teacher: true, labels: true },
      compute: ({ student, teacher }) =>
        Math.max(...student.data.map((value, i) => Math.abs(value - (teacher?.data[i] as number)))),
    };
    const { report } = await measured(3, 3, {
      loss: regression({ output: 'logits' }),
      outputKind: 'classes',
      metrics: [worst],
    });
    expect(Object.keys(report.holdout)).toContain('agreement');
    expect(report.holdout['worst']).toBeGreaterThan(0);
  });

  test('what is not a metric is refused before anything is asked', async () => {
    const { teacher, asked } = makeTeacher();
    const refused = (changed: object) => distill(working(trainer(), { teacher, ...changed })).done;
    const invalid = { code: 'invalid-option' };
    await expect(refused({ metrics: [{ name: 'accuracy', reads: {}, compute: () => 1 }] })).rejects.toMatchObject(
      invalid,
    );
    await expect(refused({ metrics: ['accuracy'] })).rejects.toMatchObject(invalid);
    await expect(refused({ outputKind: 'sound' })).rejects.toMatchObject(invalid);
    expect(asked()).toBe(0);
  });
});
