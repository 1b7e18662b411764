import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { describeOnnx } from '../../onnx/describe.ts';
import { listWeights } from '../../onnx/listWeights.ts';
import { readModel } from '../../onnx/model.ts';
import { fromOnnx } from '../../student/fromOnnx.ts';
const folder = new URL('../../student/golden/fromOnnx/', import.meta.url);
test('look', async () => {
  for (const name of ['cnn', 'mlp', 'depthwise', 'encoder', 'line', 'unet', 'recurrent', 'token']) {
    const bytes = new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
    const d = describeOnnx(bytes);
    console.log(name, JSON.stringify(d.inputs), JSON.stringify(d.outputs), d.nodes.map((n) => n.operator).join(' '));
    for (const w of listWeights(readModel(bytes))) console.log('  ', w.node, w.operator, w.weight, w.shape, w.outputsFirst, w.readers);
    const s = await fromOnnx(bytes, { inputLayout: 'as-is' });
    console.log('   student', s.artifacts?.weightSpecs.map((w) => `${w.name}[${w.shape}]`).join(' '));
  }
});
