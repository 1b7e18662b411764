// Language models beside tfjs in onnxruntime.
import { beforeAll, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { decoder } from '../student/zoo/decoder.ts';
import { recurrentDecoder } from '../student/zoo/recurrentDecoder.ts';
import { checkExport } from './exportCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

const TOKENS = { length: 9, vocabulary: 21, width: 16 };
const decoders = {
  decoder: decoder({ ...TOKENS, hidden: 24, blocks: 2 }),
  'recurrentDecoder, gru': recurrentDecoder({ ...TOKENS, units: 8 }),
  'recurrentDecoder, lstm': recurrentDecoder({ ...TOKENS, units: 8, cell: 'lstm' }),
};

test.each(Object.entries(decoders))('the student %s equals tfjs at every opset', async (_, student) => {
  for (const opset of [13, 17, 21]) {
    const model = await buildStudent(await student.portable(), 1);
    const { graph } = await checkExport(model, [{ shape: [9], dtype: 'int32', below: 21 }], { opset });
    expect(graph.output.map(({ name }) => name)).toEqual(['logits']);
    model.dispose();
  }
});
