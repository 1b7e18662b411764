import { describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { permutation, seededRandom } from '../core/random.ts';
import { pickRows } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { attentionRelations } from '../losses/feature/attentionRelations.ts';
import { specOf } from '../losses/spec.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { tapStudent } from '../student/taps.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import type { TrainJob, TrainSource } from './engine.ts';
import { engineOn, makeJob } from './engineCases.ts';

const SIZE = 48;
const LENGTH = 5;
const VOCABULARY = 9;
const PARTS = ['queries', 'keys', 'values'].map((part) => `attention_1/${part}`);
const tiny = (width: number, heads: number) =>
  transformerTiny({ length: LENGTH, vocabulary: VOCABULARY, classes: 3, width, heads, hidden: 8, blocks: 1 });

const random = seededRandom(1);
const words: NdArray = {
  data: Int32Array.from({ length: SIZE * LENGTH }, () => Math.floor(random() * VOCABULARY)),
  shape: [SIZE, LENGTH],
};

/** Another transformer's attention to those words, for the examples of `words`. */
async function taughtBy(seen: NdArray): Promise<Pick<TrainJob, 'teacherShapes'> & { readonly source: TrainSource }> {
  const model = await buildStudent(await tiny(16, 4).portable(), 2);
  const tapped = tapStudent(model, PARTS);
  const answers: NamedArrays = tf.tidy(() => {
    const given = tapped.apply([tf.tensor(seen.data, [...seen.shape], 'int32')], 'inference');
    // Twice as large, so that positions differ more.
    return Object.fromEntries(
      PARTS.map((part) => {
        const values = tf.mul(given[part] as tf.Tensor, 2);
        return [part, { data: values.dataSync<'float32'>(), shape: values.shape }];
      }),
    );
  });
  model.dispose();
  const at = (indices: Int32Array) =>
    Object.fromEntries(Object.entries(answers).map(([part, array]) => [part, pickRows(array, indices)]));
  return {
    teacherShapes: Object.fromEntries(Object.entries(answers).map(([part, { shape }]) => [part, shape.slice(1)])),
    source: {
      read: async (indices) => ({ inputs: { input: pickRows(words, indices) }, teacher: at(indices) }),
      readInputs: async () => ({}),
      readHoldout: async (indices) => ({ input: pickRows(words, indices) }),
    },
  };
}

// Slow on cpu, which computes it by the same operations.
const BACKENDS = isLong ? (['cpu', 'wasm'] as const) : (['wasm'] as const);

describe.each(BACKENDS)('queries, keys and values of attention on %s', (backendName) => {
  const { engine, train } = engineOn(backendName);

  async function lossesAfter(seen: NdArray): Promise<number[]> {
    const { source, teacherShapes } = await taughtBy(seen);
    const loss = structuredClone(specOf(attentionRelations({ output: 'attention_1', relationHeads: 2 })));
    const student = await tiny(8, 2).portable();
    const changed = { student, loss, teacherShapes, size: SIZE, batchSize: 16, epochs: 40 };
    await engine.check(await makeJob(changed), await source.read(Int32Array.of(0, 1)));
    const { epochs, error } = await train(changed, source);
    expect(error).toBeUndefined();
    return epochs.map((epoch) => epoch.loss);
  }

  test('are learned from a wider model with more heads, but not from its answers to other words', async () => {
    const losses = await lossesAfter(words);
    expect(losses[0]).toBeGreaterThan(0.1);
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
    const noise = await lossesAfter(pickRows(words, permutation(SIZE, seededRandom(4))));
    expect(noise.at(-1)).toBeGreaterThan(2 * (losses.at(-1) as number));
  });
});
