// Files that others write: tfjs's own save, its converter, and what is taken for such files.
import { describe, expect, test } from 'vitest';
import { artifactsFromFiles, type TfjsFiles, weightPaths } from './files.ts';

const topology = { class_name: 'Sequential', config: { name: 's', layers: [] } };
const spec = (name: string, shape: number[], dtype: string, more: object = {}) => ({ name, shape, dtype, ...more });

function filesOf(groups: { paths: string[]; weights: object[] }[], files: TfjsFiles, more: object = {}): TfjsFiles {
  const json = { format: 'layers-model', modelTopology: topology, weightsManifest: groups, ...more };
  return { 'model.json': JSON.stringify(json), ...files };
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
const refusal = (why: string | RegExp) =>
  expect.objectContaining({ code: 'student-invalid', message: expect.stringMatching(why) });

test('several groups of several files, of every element type', () => {
  const floats = bytesOf(Float32Array.of(1.5, -2, 3));
  const files = filesOf(
    [
      {
        paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
        weights: [spec('a', [3], 'float32'), spec('n', [2], 'int32')],
      },
      { paths: ['sub/group2.bin'], weights: [spec('t', [2], 'bool'), spec('u', [], 'uint8')] },
    ],
    {
      // The cut goes through the middle of a number.
      'group1-shard1of2.bin': floats.slice(0, 5),
      'group1-shard2of2.bin': Uint8Array.of(...floats.slice(5), ...bytesOf(Int32Array.of(-7, 8))),
      'group2.bin': Uint8Array.of(1, 0, 200),
    },
  );
  const { weightSpecs, weightData } = artifactsFromFiles(files);
  expect(weightSpecs.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual([
    'a float32',
    'n int32',
    't bool',
    'u uint8',
  ]);
  expect(new Float32Array(weightData.slice(0, 12))).toEqual(Float32Array.of(1.5, -2, 3));
  expect(new Int32Array(weightData.slice(12, 20))).toEqual(Int32Array.of(-7, 8));
  expect(new Uint8Array(weightData.slice(20))).toEqual(Uint8Array.of(1, 0, 200));
  expect(weightPaths(files['model.json'] as string)).toEqual([
    'group1-shard1of2.bin',
    'group1-shard2of2.bin',
    'sub/group2.bin',
  ]);
});

test('shortened weights become floats and whole numbers again', () => {
  const weights = [
    spec('h', [2], 'float32', { quantization: { dtype: 'float16' } }),
    spec('b', [3], 'float32', { quantization: { dtype: 'uint8', scale: 0.5, min: -1, original_dtype: 'float32' } }),
    spec('w', [2], 'float32', { quantization: { dtype: 'uint16', scale: 2, min: 0.25 } }),
    spec('i', [2], 'int32', { quantization: { dtype: 'uint8', scale: 1.4, min: -3 } }),
  ];
  const stored = [
    ...bytesOf(Uint16Array.of(0x3c00, 0xc100)),
    ...[0, 2, 255],
    ...bytesOf(Uint16Array.of(1, 65535)),
    ...[0, 5],
  ];
  const files = filesOf([{ paths: ['w.bin'], weights }], { 'w.bin': Uint8Array.from(stored) });
  const { weightSpecs, weightData } = artifactsFromFiles(files);
  expect(new Float32Array(weightData.slice(0, 28))).toEqual(Float32Array.of(1, -2.5, -1, 0, 126.5, 2.25, 131070.25));
  expect(new Int32Array(weightData.slice(28))).toEqual(Int32Array.of(-3, 4));
  expect(weightSpecs[0]).toEqual({ name: 'h', shape: [2], dtype: 'float32' });
});

test('model.json may be bytes', () => {
  const { 'model.json': text, ...rest } = filesOf([{ paths: ['w.bin'], weights: [spec('a', [1], 'float32')] }], {
    'w.bin': new Uint8Array(4),
  });
  expect(artifactsFromFiles({ 'model.json': new TextEncoder().encode(text as string), ...rest }).modelTopology).toEqual(
    topology,
  );
});

describe('refused, with the reason, are', () => {
  const one = (weight: object, bytes = 4) =>
    filesOf([{ paths: ['w.bin'], weights: [weight] }], { 'w.bin': new Uint8Array(bytes) });
  const changed = (more: object) => filesOf([{ paths: [], weights: [] }], {}, more);
  test.each<[string, TfjsFiles, string | RegExp]>([
    ['Keras’s to_json', { 'model.json': JSON.stringify({ class_name: 'Sequential', config: {} }) }, 'to_json'],
    ['a graph model by its format', changed({ format: 'graph-model' }), 'loadTfjsTeacher'],
    ['a graph model by its nodes', changed({ modelTopology: { node: [] } }), 'loadTfjsTeacher'],
    ['Keras 3', changed({ modelTopology: { model_config: { module: 'keras', class_name: 'Functional' } } }), 'Keras 3'],
    [
      'Keras 3 by its layers',
      changed({ modelTopology: { class_name: 'Sequential', config: { layers: [{ module: 'keras.layers' }] } } }),
      'Keras 3',
    ],
    ['an .h5 file', { 'model.json': Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d) }, 'h5'],
    ['a .keras file', { 'model.json': Uint8Array.of(0x50, 0x4b, 3, 4) }, 'ZIP'],
    ['a manifest that is no list', changed({ weightsManifest: {} }), 'no weightsManifest'],
    ['a group of nothing', changed({ weightsManifest: [null] }), 'no paths'],
    ['no model.json', {}, 'no model.json'],
    [
      'a file that is missing',
      filesOf([{ paths: ['a/w.bin'], weights: [] }], { 'x.bin': new Uint8Array() }),
      /"a\/w.bin" are not among .*x\.bin/,
    ],
    ['text', one(spec('a', [1], 'string')), 'type string'],
    ['complex numbers', one(spec('a', [1], 'complex64')), 'type complex64'],
    ['a type that every object has', one(spec('a', [1], 'toString')), 'type toString'],
    ['a negative length', one(spec('a', [-1], 'float32')), /shape \[-1\]/],
    ['a weight without a shape', one({ name: 'a', dtype: 'float32' }), 'no shape'],
    ['an unknown shortening', one(spec('a', [1], 'float32', { quantization: { dtype: 'int4' } })), 'int4'],
    [
      'a shortening without a step',
      one(spec('a', [4], 'float32', { quantization: { dtype: 'uint8' } })),
      'without a scale',
    ],
    ['shortened truth', one(spec('a', [4], 'bool', { quantization: { dtype: 'uint8', scale: 1, min: 0 } })), 'is bool'],
    ['halves of whole numbers', one(spec('a', [2], 'int32', { quantization: { dtype: 'float16' } })), 'is int32'],
  ])('%s', (_, files, why) => {
    expect(() => artifactsFromFiles(files)).toThrow(refusal(why));
  });
});
