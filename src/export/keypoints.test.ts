// Students that find points, beside tfjs in onnxruntime.
import { beforeAll, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { softArgmax } from '../student/layers/softArgmax.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { keypoints } from '../student/zoo/keypoints.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { checkExport, countOf } from './exportCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

test.each([13, 17, 21])('the student keypoints equals tfjs at opset %i', async (opset) => {
  for (const inputShape of [
    [24, 32, 3],
    [64, 64, 1],
  ]) {
    const model = await buildStudent(await keypoints({ inputShape, points: 5, filters: 4 }).portable(), 7);
    const read = await checkExport(model, [{ shape: inputShape }], { opset });
    expect(read.graph.output.map(({ name }) => name)).toEqual(['points', 'maps']);
    // A picture with colours, and the maps as they are given out; the softmax reads them as the convolution holds them.
    expect(countOf(read, 'Transpose')).toBe(inputShape[2] === 1 ? 1 : 2);
    expect(countOf(read, 'Softmax')).toBe(1);
    model.dispose();
  }
});

test('soft-argmax is exported by itself, and refused where its maps have a free size', async () => {
  for (const [shape, isFree] of [
    [[3, 5, 2], false],
    [[3, null, 2], true],
  ] as const) {
    const input = tf.input({ shape: [...shape], name: 'input' });
    const model = tf.model({ inputs: input, outputs: softArgmax(tf).apply(input) as tf.SymbolicTensor });
    if (isFree) {
      const artifacts = await artifactsOf(model);
      expect(() => artifactsToOnnx(artifacts)).toThrow(
        expect.objectContaining({
          code: 'unsupported-layer',
          message: expect.stringContaining('free height or width'),
        }),
      );
    } else await checkExport(model, [{ shape: [3, 5, 2] }], { opset: 17 });
    model.dispose();
  }
});
