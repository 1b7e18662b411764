import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { fromOnnx } from '../fromOnnx.ts';

interface Known {
  readonly name: string;
  readonly shape: number[];
  readonly values: number[];
}

/** ONNX's own test data for one operator, or the reason why it is refused. */
interface Case {
  readonly name: string;
  readonly model: string;
  readonly refused?: string;
  readonly inputs?: readonly Known[];
  readonly outputs?: readonly Known[];
}

/** Written by node scripts/fromOnnxConformance.mjs --write. */
const cases = JSON.parse(readFileSync(new URL('../golden/onnxNodes.json', import.meta.url), 'utf8')) as Case[];
const bytesOf = ({ model }: Case) => new Uint8Array(Buffer.from(model, 'base64'));
const named = (wanted: boolean) =>
  cases.filter(({ refused }) => (refused !== undefined) === wanted).map((one) => [one.name, one] as const);

describe.each(['cpu', 'wasm'] as const)('operators of ONNX on %s', (backendName) => {
  onBackend(backendName);

  test.each(named(false))('%s gives what ONNX gives', async (_, one) => {
    const student = await fromOnnx(bytesOf(one), { inputLayout: 'as-is' });
    const model = await buildStudent(await student.portable(), 0);
    tf.tidy(() => {
      const given = model.inputs.map(({ dtype }, i) => {
        const { values, shape } = (one.inputs as Known[])[i] as Known;
        return tf.tensor(values, shape, dtype as 'float32');
      });
      const [result] = [model.predict(given)].flat() as [tf.Tensor];
      const [expected] = one.outputs as [Known];
      // A student's output has the batch first; ONNX's recurrent operators have it elsewhere.
      const at = expected.shape.indexOf(result.shape[0] as number, 0);
      const isSame = result.shape.join() === expected.shape.join();
      const back = [...expected.shape.keys()].slice(1).toSpliced(at, 0, 0);
      const values = (isSame ? result : tf.transpose(result, back)).dataSync();
      expect(values.length).toBe(expected.values.length);
      const worst = Math.max(...expected.values.map((value, i) => Math.abs(value - (values[i] as number))));
      // Written so that a NaN fails.
      expect(worst <= 2e-5 * Math.max(1, ...expected.values.map(Math.abs)), `${worst} away`).toBe(true);
    });
    model.dispose();
  });
});

test.each(named(true))('%s is refused by name', async (_, one) => {
  await expect(fromOnnx(bytesOf(one), { inputLayout: 'as-is' })).rejects.toMatchObject({
    code: 'unsupported-operator',
    details: { nodes: expect.arrayContaining([expect.objectContaining({ why: one.refused })]) },
  });
});
