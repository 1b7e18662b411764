import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import type { Student } from '../student/student.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import { distill } from './distill.ts';
import { CLASSES, makeTeacher } from './distillCases.ts';
import { oneTrainer } from './trainerCases.ts';

const [EXAMPLES, HELD_OUT, BATCH, VOCABULARY] = [384, 48, 8, 11];

interface Case {
  readonly student: Student;
  readonly shape: readonly number[];
  readonly isTokens?: boolean;
}

const students: Record<string, Case> = {
  'ds-cnn': { student: dsCnn({ inputShape: [11, 8, 1], filters: 8, classes: CLASSES }), shape: [11, 8, 1] },
  resnet8: { student: resnet8({ inputShape: [8, 8, 3], classes: CLASSES }), shape: [8, 8, 3] },
  'mobilenet-v1': {
    student: mobilenetV1({ inputShape: [32, 32, 3], alpha: 0.25, classes: CLASSES }),
    shape: [32, 32, 3],
  },
  'transformer-tiny': {
    student: transformerTiny({ length: 7, vocabulary: VOCABULARY, width: 16, heads: 2, hidden: 24, classes: CLASSES }),
    shape: [7],
    isTokens: true,
  },
};

const trainer = oneTrainer({ worker: 'none', backend: 'wasm', simdLevel: 'simd', assetBase: builtAssets() });

describe.each(Object.entries(students))('%s', (_, { student, shape, isTokens = false }) => {
  test('is distilled on wasm with kernels in one epoch, and continues in another run', async () => {
    const { teacher } = makeTeacher((input) => ({ logits: logitsOf(input, isTokens) }));
    const data = fromArrays(examples(EXAMPLES, shape, isTokens, 1));
    const holdout = fromArrays(examples(HELD_OUT, shape, isTokens, 2));
    const optimizer = { learningRate: 0.005 };
    const run = () =>
      distill({ teacher, student, data, holdout, epochs: 1, batchSize: BATCH, optimizer, trainer: trainer() }).done;
    const first = await run();
    const second = await run();
    // A student that learned nothing would have the same loss in both.
    expect(second.report.epochs[0]?.loss).toBeLessThan(0.75 * (first.report.epochs[0]?.loss ?? 0));
    expect(second.report.holdout['agreement']).toBeGreaterThan(0);
    expect(second.holdoutAnswers?.['logits']?.shape).toEqual([HELD_OUT, CLASSES]);
    expect(second.student.artifacts).toBe(student.artifacts);
  });
});

/** Images of noise with a brightness each, or sentences that prefer some tokens. */
function examples(count: number, shape: readonly number[], isTokens: boolean, seed: number): NdArray {
  const random = seededRandom(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const data = isTokens ? new Int32Array(count * size) : new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const own = random();
    for (let j = 0; j < size; j++) {
      data[i * size + j] = isTokens ? Math.floor((own + random()) * 0.5 * VOCABULARY) : 2 * own - 1 + random() - 0.5;
    }
  }
  return { data, shape: [count, ...shape] };
}

/** The teacher uses only the mean: below, near or above the middle. */
function logitsOf({ data, shape }: NdArray, isTokens: boolean): NdArray {
  const count = shape[0] as number;
  const size = data.length / count;
  const logits = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) {
    const mean = Array.from(data.subarray(i * size, (i + 1) * size)).reduce((sum, value) => sum + value, 0) / size;
    const m = isTokens ? (2 * mean) / VOCABULARY - 1 : mean;
    logits.set([-6 * m, 1, 6 * m], i * CLASSES);
  }
  return { data: logits, shape: [count, CLASSES] };
}
