import type { Tensor } from 'onnxruntime-web/wasm';
import { describe, expect, test } from 'vitest';
import { type Feeds, feedsOf, MODEL_FILES, type ModelName, readModelFile, runModel } from '../cases/ortCases.ts';
import { modelOf, node, tinyBranches, tinyClassifier, tinyFunction, value } from '../cases/tinyCases.ts';
import type { Tap } from '../describe/taps.ts';
import { type OnnxModel, onnx, readModel, writeModel } from '../model.ts';
import { prepareModel } from './prepare.ts';

const TOLERANCE = 1e-5;

function expectClose(given: Tensor | undefined, wanted: Tensor | undefined): void {
  expect(given?.dims).toEqual(wanted?.dims);
  const [a, b] = [given?.data as Float32Array, wanted?.data as Float32Array];
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const allowed = Math.max(1, Math.abs(Number(b[i])));
    worst = Math.max(worst, Math.abs(Number(a[i]) - Number(b[i])) / allowed);
  }
  expect(worst).toBeLessThan(TOLERANCE);
}

const shapeOf = (bytes: Uint8Array) => {
  const { graph } = readModel(bytes);
  return { outputs: graph.output.map(({ name }) => name), nodes: graph.node.length };
};

test('without taps the bytes are given back as they came', () => {
  const bytes = readModelFile('wakeWord');
  const plain = prepareModel(bytes, { name: 'm' });
  expect(plain.bytes).toBe(bytes);
  expect(plain.names).toEqual({});
  const renamed = prepareModel(bytes, { name: 'm', taps: [{ tensor: '39', name: 'wake' }] });
  expect(renamed.bytes).toBe(bytes);
  expect(renamed.names).toEqual({ '39': 'wake' });
});

test('inputs whose dimensions are left open are named; a single number is none of them', () => {
  const open = onnx.value({ name: 'open', type: { tensorType: { elemType: 1 } } });
  const model = modelOf({
    input: [value('x', ['B', 2]), open, value('single', [])],
    node: [node('Neg', ['x'], ['y'])],
  });
  expect(prepareModel(writeModel(model), { name: 'm' }).inputsOfAnyShape).toEqual(['open']);
  expect(prepareModel(writeModel(model), { name: 'm', taps: ['y'] }).inputsOfAnyShape).toEqual(['open']);
});

test.each(Object.keys(MODEL_FILES) as ModelName[])('%s is the same after it was read and written', (name) => {
  const bytes = readModelFile(name);
  expect(Buffer.compare(writeModel(readModel(bytes)), bytes)).toBe(0);
});

const CASES: [ModelName, Tap[]][] = [
  ['direction', ['relu_*', { inputOf: 'MatMul', name: 'features' }]],
  [
    'reader',
    [
      { inputOf: 'MatMul', at: 'last', name: 'features' },
      { outputOf: 'GlobalAveragePool', at: 'every' },
    ],
  ],
  ['detector', [{ outputOf: 'Conv', at: 40 }, { inputOf: 'Sigmoid' }]],
  ['voice', [{ outputOf: 'Equal' }, { outputOf: 'If', index: 1 }]],
  ['voiceLegacy', [{ inputOf: 'If' }, 'hn']],
  ['wakeWord', [/Relu_output/, { outputOf: '/layernorm1/Div' }, 'layer1.weight', 'onnx::Flatten_0']],
  ['wakeWordOther', [{ inputOf: 'Sigmoid', name: 'logits' }]],
];

describe.each(CASES)('%s', (name, taps) => {
  test('gives its taps beside its outputs, and until them alone, with the same numbers', async () => {
    const bytes = readModelFile(name);
    const feeds = feedsOf(name);
    const plain = await runModel(bytes, feeds);
    const tapped = prepareModel(bytes, { name, taps });
    const tensors = Object.keys(tapped.names);
    expect(tensors.length).toBeGreaterThan(0);
    const full = await runModel(tapped.bytes, feeds);
    expect(Object.keys(full).sort()).toEqual([...new Set([...Object.keys(plain), ...tensors])].sort());
    for (const output of Object.keys(plain)) expectClose(full[output], plain[output]);

    const until = prepareModel(bytes, { name, taps, untilTaps: true });
    expect(until.names).toEqual(tapped.names);
    expect(until.bytes.byteLength).toBeLessThan(bytes.byteLength);
    expect(shapeOf(until.bytes).outputs).toEqual(tensors);
    const cut = await runModel(until.bytes, feeds);
    expect(Object.keys(cut).sort()).toEqual([...tensors].sort());
    for (const tensor of tensors) expectClose(cut[tensor], full[tensor]);
  });
});

/** Every value of a tiny model as a tap of its own, beside one model in which all of them are outputs. */
describe.each<[string, () => OnnxModel, Feeds]>([
  ['a classifier', tinyClassifier, { x: [Float32Array.of(1, -2, 3, 0.5, 0, 0, 1, 1), [2, 4]] }],
  ['branches, one way', tinyBranches, { x: [Float32Array.of(1, -2), [1, 2]] }],
  ['branches, the other way', tinyBranches, { x: [Float32Array.of(-1, -2), [1, 2]] }],
  ['functions', tinyFunction, { x: [Float32Array.of(1, 2), [1, 2]] }],
])('%s', (_name, make, feeds) => {
  test('gives every value alone as it does among all', async () => {
    const bytes = writeModel(make());
    const made = make().graph.node.flatMap(({ output }) => output);
    const all = await runModel(prepareModel(bytes, { name: 'm', taps: made }).bytes, feeds);
    for (const tensor of [...made, 'x']) {
      const { bytes: cut } = prepareModel(bytes, { name: 'm', taps: [tensor], untilTaps: true });
      const outputs = await runModel(cut, feeds);
      expect(Object.keys(outputs)).toEqual([tensor]);
      if (tensor !== 'x') expectClose(outputs[tensor], all[tensor]);
    }
  });
});

test('what is said of a tapped value is said of the output', () => {
  const { bytes } = prepareModel(writeModel(tinyClassifier()), { name: 'm', taps: ['r', 'w2', 'a'] });
  const [, r, w2, a] = readModel(bytes).graph.output;
  expect(r?.type?.tensorType).toMatchObject({ elemType: 1, shape: { dim: [{ dimParam: 'B' }, { dimValue: 5n }] } });
  expect(w2?.type?.tensorType).toMatchObject({ elemType: 1, shape: { dim: [{ dimValue: 5n }, { dimValue: 3n }] } });
  expect(a?.type).toBeUndefined();
});

test('fields that the table of messages does not know survive a tap', () => {
  // Field 900 of the model, a text.
  const unknown = Uint8Array.of(0xa2, 0x38, 3, 97, 98, 99);
  const bytes = Uint8Array.from([...writeModel(tinyClassifier()), ...unknown]);
  const cut = prepareModel(bytes, { name: 'm', taps: ['r'], untilTaps: true }).bytes;
  expect(Buffer.from(cut).includes(Buffer.from(unknown))).toBe(true);
});

test('external data is still asked for where it is needed, and only there', () => {
  const externalData = [{ key: 'location', value: 'w.bin' }];
  const w = onnx.tensor({ name: 'w', dims: [2n], dataType: 1, dataLocation: 1, externalData });
  const model = modelOf({ initializer: [w], node: [node('Neg', ['x'], ['n']), node('Add', ['n', 'w'], ['y'])] });
  const options = { name: 'm', untilTaps: true, externalFiles: ['w.bin'] };
  const kept = prepareModel(writeModel(model), { ...options, taps: ['y'] });
  expect(readModel(kept.bytes).graph.initializer[0]?.externalData[0]).toMatchObject({ value: 'w.bin' });
  const gone = prepareModel(writeModel(model), { ...options, taps: ['n'] });
  expect(readModel(gone.bytes).graph.initializer).toEqual([]);
  expect(() => prepareModel(writeModel(model), { name: 'm', taps: ['n'] })).toThrow(/w\.bin/);
});

test.each<[string, Tap[], boolean, RegExp]>([
  ['of two taps', [{ tensor: 'h', name: 'r' }, 'r'], true, /called "r": the tensors "h" and "r"/],
  ['of a tap and an output', [{ tensor: 'h', name: 'y' }], false, /called "y": the tensors "y" and "h"/],
])('names %s that are the same are refused', (_name, taps, untilTaps, message) => {
  const prepare = () => prepareModel(writeModel(tinyClassifier()), { name: 'm', taps, untilTaps });
  expect(prepare).toThrow(message);
  expect(prepare).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

test('an output’s name is free where the taps are all that is left', () => {
  const bytes = writeModel(tinyClassifier());
  const { names } = prepareModel(bytes, { name: 'm', taps: [{ tensor: 'h', name: 'y' }], untilTaps: true });
  expect(names).toEqual({ h: 'y' });
  expect(() => prepareModel(bytes, { name: 'm', untilTaps: true })).toThrow(/"taps" is missing/);
});

test('a broken model is refused before its taps are looked for', () => {
  const model = modelOf({ node: [node('Relu', ['q'], ['y'])], output: [value('y', [])] });
  expect(() => prepareModel(writeModel(model), { name: 'm', taps: ['nothing'] })).toThrow(/reads "q"/);
});
