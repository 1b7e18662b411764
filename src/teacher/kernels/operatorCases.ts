// Models of one node or a few, answered by onnxruntime and on the kernels. Only tests import this file.
import { expect, test } from 'vitest';
import { type NdArray, sizeOf } from '../../core/shape.ts';
import { floats, modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import {
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  onnx,
  writeModel,
} from '../../onnx/model.ts';
import { builtAssets, ortAssets } from '../../runtime/cases/assetCases.ts';
import { createOnnxSession } from '../session/session.ts';
import type { SessionDevice } from '../session/sessionSettings.ts';

type Given = Readonly<Record<string, number | string | readonly number[]>>;

const ort = createOnnxSession();
const kernels = createOnnxSession();

/** Ends the sessions that the answers came from. */
export async function closeSessions(): Promise<void> {
  await Promise.all([ort.close(), kernels.close()]);
}

/** Whole numbers as integers, others as floats; text as text. A name that ends in a colon holds a float whatever it is. */
export function attributes(given: Given): OnnxAttribute[] {
  return Object.entries(given).map(([key, one]) => {
    const name = key.replace(':', '');
    if (typeof one === 'string') return onnx.attribute({ name, type: 3, s: new TextEncoder().encode(one) });
    if (typeof one !== 'number') return onnx.attribute({ name, type: 7, ints: one.map(BigInt) });
    const isFloat = key.endsWith(':') || !Number.isInteger(one);
    return onnx.attribute(isFloat ? { name, type: 1, f: one } : { name, type: 2, i: BigInt(one) });
  });
}

const wave = (count: number, from = 0) => Array.from({ length: count }, (_, i) => Math.sin(1.7 * (i + from)) * 1.5);
export const image = (shape: readonly number[]): NdArray => ({ data: Float32Array.from(wave(sizeOf(shape))), shape });
export const weights = (name: string, shape: number[]) => floats(name, shape, wave(sizeOf(shape), 3));
export const op = (type: string, more: string[] = [], given: Given = {}) =>
  node(type, ['x', ...more], ['y'], { attribute: attributes(given) });

export interface OperatorCase {
  readonly nodes: OnnxNode[];
  readonly x: NdArray;
  readonly stored?: OnnxTensor[];
  readonly opset?: bigint;
}

/** The case as a model x → y whose lengths are all free. */
export function modelOfCase({ nodes, x, stored = [], opset = 17n }: OperatorCase): OnnxModel {
  const lengths = x.shape.map((_, i) => `d${i}`);
  const output = [onnx.value({ name: 'y', type: { tensorType: { elemType: 1 } } })];
  return modelOf(
    { input: [value('x', lengths)], output, initializer: stored, node: nodes },
    { opsetImport: [{ domain: '', version: opset }] },
  );
}

export async function answer(device: SessionDevice, one: OperatorCase): Promise<NdArray> {
  const { x } = one;
  const model = modelOfCase(one);
  const session = device === 'wasm' ? ort : kernels;
  const assetBase = device === 'wasm' ? ortAssets() : builtAssets();
  const files = { model: new Blob([writeModel(model)]), externalData: [] };
  await session.open(files, { name: 'tiny', assetBase }, { device, threads: 1 });
  const answers = [await session.run({ x }), await session.run({ x }), await session.run({ x })];
  await session.close();
  // Computed directly, recorded, replayed: the same numbers.
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  return answers[0]?.['y'] as NdArray;
}

export async function expectSame(one: OperatorCase): Promise<void> {
  const [expected, given] = [await answer('wasm', one), await answer('kernels', one)];
  expect(given.shape).toEqual(expected.shape);
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs));
  const differences = Array.from(expected.data, (right, i) => Math.abs(right - (given.data[i] as number)) / scale);
  expect(Math.max(0, ...differences)).toBeLessThan(2e-6);
}

export const photo = image([2, 4, 6, 5]);
export const rows = image([2, 3, 8]);
export const filter = weights('w', [8, 4, 3, 3]);

/** Tests of every case, and of those of an image behind a convolution, whose result lies channels last. */
export function checkCases(cases: readonly [string, OperatorCase][]): void {
  test.each(cases)('%s', (_name, one) => expectSame(one));

  // The same behind a convolution, whose result lies channels last.
  test.each(cases.filter(([, { x }]) => x === photo))('%s behind a convolution', (_name, one) => {
    const moved = one.nodes.map((given) =>
      onnx.node({ ...given, input: given.input.map((name) => (name === 'x' ? 'before' : name)) }),
    );
    return expectSame({
      ...one,
      nodes: [node('Conv', ['x', 'first'], ['before']), ...moved],
      stored: [...(one.stored ?? []), weights('first', [4, 4, 1, 1])],
    });
  });
}
