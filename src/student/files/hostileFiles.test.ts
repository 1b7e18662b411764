// Files that are made to run a reader out of stack or memory: each is refused with a code, or read.
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { onnx, writeModel } from '../../onnx/model.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { fromOnnx } from '../fromOnnx.ts';
import { patchFromBytes } from '../patch/patchFile.ts';
import { readSafetensors } from '../safetensors/safetensors.ts';
import { artifactsFromFiles } from './files.ts';
import { readBundle } from './readBundle.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const MB = 2 ** 20;
const text = (given: string) => new TextEncoder().encode(given);

/** A file with this header, and nothing after it. */
function safetensorsOf(header: string): Uint8Array {
  const bytes = text(header);
  const file = new Uint8Array(8 + bytes.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
  file.set(bytes, 8);
  return file;
}

const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
const nested = (depth: number, open = '{"a":', close = '}') => `${open.repeat(depth)}1${close.repeat(depth)}`;

/** What reading ends in: the code of its error, or "read". Whatever else is thrown comes through. */
async function endOf(read: () => unknown): Promise<string> {
  try {
    await read();
    return 'read';
  } catch (error) {
    if (error instanceof LimbeckError && error.code !== 'internal') return error.code;
    throw error;
  }
}

describe('a safetensors file', () => {
  test.each<[string, string, string]>([
    ['with a key of 16 MB', `{"${'a'.repeat(16 * MB)}":${entry}}`, 'read'],
    ['with a key of 4 million escapes', `{"${'\\"'.repeat(4 * MB)}":${entry}}`, 'read'],
    ['with a text of 16 MB', `{"__metadata__":{"a":"${'a'.repeat(16 * MB)}"},"b":${entry}}`, 'read'],
    ['with a text of 16 MB where none belongs', `{"a":"${'a'.repeat(16 * MB)}"}`, 'safetensors-invalid'],
    ['with 50,000 tensors', `{${Array.from({ length: 50_000 }, (_, i) => `"${i}":${entry}`).join()}}`, 'read'],
    [
      'with a shape of 200,000 lengths',
      `{"a":{"dtype":"U8","shape":[0${',1'.repeat(2e5)}],"data_offsets":[0,0]}}`,
      'read',
    ],
    ['nested 100,000 deep', nested(100_000), 'safetensors-invalid'],
    ['of 100,000 lists in each other', `{"a":${nested(100_000, '[', ']')}}`, 'safetensors-invalid'],
    ['with a key twice, with space before its colon', `{"a" \n\t\r:${entry},"a":${entry}}`, 'safetensors-invalid'],
    ['with marks in its texts', `{"{\\"a":${entry},"a\\\\":${entry},"[":${entry}}`, 'read'],
  ])('%s', async (_, header, end) => {
    const bytes = safetensorsOf(header);
    expect(await endOf(() => readSafetensors(bytes))).toBe(end);
    expect(await endOf(() => patchFromBytes(bytes))).toBe('patch-invalid');
  });
});

describe('a model.json or a bundle', () => {
  const modelJson = (topology: string, weights = '') =>
    `{"modelTopology":${topology},"weightsManifest":[{"paths":["w.bin"],"weights":[${weights}]}]}`;
  const files = (json: string) => ({ 'model.json': json, 'w.bin': new Uint8Array(0) });

  test.each<[string, string, string]>([
    ['with a topology nested 100,000 deep', modelJson(nested(100_000)), 'student-invalid'],
    ['of 100,000 lists in each other', modelJson(nested(100_000, '[', ']')), 'student-invalid'],
    [
      'with a name of 16 MB',
      modelJson('{}', `{"name":"${'a'.repeat(16 * MB)}","shape":[0],"dtype":"float32"}`),
      'read',
    ],
    [
      'with a shape of 200,000 lengths',
      modelJson('{}', `{"name":"a","shape":[0${',1'.repeat(2e5)}],"dtype":"float32"}`),
      'read',
    ],
    [
      'with 200,000 weights',
      modelJson('{}', Array(200_000).fill('{"name":"a","shape":[0],"dtype":"float32"}').join()),
      'read',
    ],
  ])('%s', async (_, json, end) => {
    expect(await endOf(() => artifactsFromFiles(files(json)))).toBe(end);
  });

  test('with a chain of 20,000 layers, of which tfjs makes no model', async () => {
    const layers = Array.from({ length: 20_000 }, (_, i) => ({
      name: `l${i}`,
      class_name: i === 0 ? 'InputLayer' : 'Flatten',
      config: { name: `l${i}`, ...(i === 0 && { batch_input_shape: [null, 4] }) },
      inbound_nodes: i === 0 ? [] : [[[`l${i - 1}`, 0, 0, {}]]],
    }));
    const config = { layers, input_layers: [['l0', 0, 0]], output_layers: [['l19999', 0, 0]] };
    const json = modelJson(JSON.stringify({ class_name: 'Model', config }));
    const artifacts = artifactsFromFiles(files(json));
    await expect(buildStudent({ kind: 'artifacts', artifacts }, 0)).rejects.toMatchObject({
      code: 'student-invalid',
      message: expect.stringMatching(/20000 of its layers follow one another/),
    });
  });

  test('with a manifest nested 100,000 deep', async () => {
    expect(await endOf(() => readBundle(zipSync({ 'manifest.json': text(nested(100_000)) })))).toBe('bundle-invalid');
  });

  test('with 20,000 files', async () => {
    const files = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${i}`, new Uint8Array(0)]));
    expect(await endOf(() => readBundle(zipSync(files)))).toBe('bundle-invalid');
  });
});

describe('an ONNX file', () => {
  const shape = { dim: [{ dimParam: 'B' }, { dimValue: 4n }] };
  const port = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape } } });
  const modelOf = (graph: object) =>
    writeModel(onnx.model({ irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph: onnx.graph(graph) }));
  const many = (length: number, name: string) => Array.from({ length }, () => name);

  test.each<[string, () => Uint8Array]>([
    [
      'with a node of 200,000 inputs',
      () =>
        modelOf({
          node: [onnx.node({ opType: 'Sum', input: many(200_000, 'x'), output: ['y'] })],
          input: [port('x')],
          output: [port('y')],
        }),
    ],
    [
      'with a node of 200,000 outputs',
      () =>
        modelOf({
          node: [
            onnx.node({ opType: 'Split', input: ['x'], output: Array.from({ length: 200_000 }, (_, i) => `${i}`) }),
          ],
          input: [port('x')],
          output: [port('0')],
        }),
    ],
    [
      'with a tensor of 200,000 lengths',
      () =>
        modelOf({
          node: [onnx.node({ opType: 'Add', input: ['x', 'w'], output: ['y'] })],
          initializer: [
            onnx.tensor({ name: 'w', dims: Array.from({ length: 200_000 }, () => 1n), dataType: 1, floatData: [1] }),
          ],
          input: [port('x')],
          output: [port('y')],
        }),
    ],
    [
      'with an input of 200,000 lengths',
      () =>
        modelOf({
          node: [onnx.node({ opType: 'Relu', input: ['x'], output: ['y'] })],
          input: [
            {
              name: 'x',
              type: {
                tensorType: { elemType: 1, shape: { dim: many(200_000, 'd').map((dimParam) => ({ dimParam })) } },
              },
            },
          ],
          output: [port('y')],
        }),
    ],
  ])('%s is refused', async (_, make) => {
    expect(await endOf(() => fromOnnx(make()))).toBe('invalid-onnx');
  });

  test('with a chain of 20,000 nodes, of which tfjs makes no model, is refused', async () => {
    const node = Array.from({ length: 20_000 }, (_, i) =>
      onnx.node({ opType: i % 2 ? 'Sigmoid' : 'Tanh', input: [i === 0 ? 'x' : `v${i}`], output: [`v${i + 1}`] }),
    );
    const bytes = modelOf({ node, input: [port('x')], output: [port('v20000')] });
    const { numTensors } = tf.memory();
    await expect(fromOnnx(bytes)).rejects.toMatchObject({
      code: 'unsupported-operator',
      message: expect.stringMatching(/20000 nodes of the model follow one another/),
    });
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
