// Students of several inputs or outputs, and bags of tokens, beside tfjs in onnxruntime.
import { beforeAll, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { tokenBag } from '../student/layers/tokenBag.ts';
import { autoencoder } from '../student/zoo/autoencoder.ts';
import { twoTower } from '../student/zoo/twoTower.ts';
import { checkExport } from './exportCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

const tokens = { dtype: 'int32', below: 9 } as const;
const small = { queryLength: 4, candidateLength: 6, vocabulary: 9, width: 3 } as const;

test.each([small, { ...small, hidden: [5], towers: 'separate', similarity: 'cosine' } as const])(
  'two towers are exported with both inputs, for lists of any length: %o',
  async (options) => {
    const model = await buildStudent(await twoTower(options).portable(), 7);
    const inputs = [
      { shape: [4], ...tokens },
      { shape: [3, 6], ...tokens },
    ];
    const { graph } = await checkExport(model, inputs, { opset: 17 });
    expect(graph.input.map(({ name }) => name)).toEqual(['query', 'candidates']);
    expect(graph.output.map(({ name }) => name)).toEqual(['scores', 'queryVector', 'candidateVectors']);
    model.dispose();
  },
);

test('an autoencoder is exported with both outputs', async () => {
  const portable = await autoencoder({ inputShape: [4, 3, 2], hidden: [6], code: 3 }).portable();
  const model = await buildStudent(portable, 7);
  const { graph } = await checkExport(model, [{ shape: [4, 3, 2] }], { opset: 17 });
  expect(graph.output.map(({ name }) => name)).toEqual(['reconstruction', 'code']);
  model.dispose();
});

test.each([13, 21])('bags of tokens are exported for any shape, at opset %i', async (opset) => {
  for (const shape of [[5], [2, 5], [null, 5]]) {
    const input = tf.input({ shape, dtype: 'int32', name: 'input' });
    const layer = tokenBag(tf, { vocabulary: 9, width: 3, seed: 1 });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    await checkExport(model, [{ shape: shape.map((length) => length ?? 3), ...tokens }], { opset });
    model.dispose();
  }
});
