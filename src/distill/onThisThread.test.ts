import { expect, test } from 'vitest';
import { floats, modelOf, node, value } from '../onnx/cases/tinyCases.ts';
import { writeModel } from '../onnx/model.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { fromOnnx } from '../student/fromOnnx.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { distill } from './distill.ts';
import { CLASSES, FEATURES, working } from './distillCases.ts';

/** x [B, 4] · w → logits [B, 3]. */
const linear = writeModel(
  modelOf({
    input: [value('x', ['B', FEATURES])],
    output: [value('logits', ['B', CLASSES])],
    initializer: [
      floats(
        'w',
        [FEATURES, CLASSES],
        Array.from({ length: FEATURES * CLASSES }, (_, i) => Math.sin(i)),
      ),
    ],
    node: [node('MatMul', ['x', 'w'], ['logits'])],
  }),
);

test('a run on this thread ends its backend, and later users of tfjs get one', async () => {
  const trainer = { worker: 'none', assetBase: builtAssets() } as const;
  for (let round = 0; round < 2; round++) {
    await distill(working(trainer)).done;
    if (round === 0) expect(tf.getBackend() ?? null, 'this test is about a thread that has none left').toBeNull();
    const imported = await fromOnnx(linear);
    expect(imported.artifacts?.weightSpecs.map(({ shape }) => shape)).toEqual([[FEATURES, CLASSES]]);
    expect((await artifactsFrom(mlp({ inputShape: [3], classes: 2 }), 'build')).weightSpecs).toHaveLength(6);
    await distill(working(trainer, { student: imported })).done;
  }
});
