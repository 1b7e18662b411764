import { beforeAll, describe, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { checkExport, shakeWeights } from './exportCases.ts';
import { WRAPPED_LAYER_CASES } from './wrappedLayerCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

describe.each(WRAPPED_LAYER_CASES)('$family: $name', ({ build, inputs }) => {
  test.each([13, 21])('equals tfjs at opset %i', async (opset) => {
    const model = build(tf);
    shakeWeights(model);
    try {
      await checkExport(model, inputs, { opset });
    } finally {
      model.dispose();
    }
  });
});
