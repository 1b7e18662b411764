// Compares an export with tfjs, for tests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NumericArray } from '../core/shape.ts';
import { describeModel } from '../onnx/describe.ts';
import { type OnnxModel, readModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import type { CaseInput } from './layerCases.ts';
import type { ToOnnxOptions } from './toOnnxOptions.ts';

let started: Promise<typeof import('onnxruntime-web/wasm')> | undefined;

async function start() {
  const ort = await import('onnxruntime-web/wasm');
  const entry = createRequire(import.meta.url).resolve('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  const wasm = readFileSync(join(dirname(entry), 'ort-wasm-simd-threaded.wasm'));
  ort.env.wasm.wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer;
  return ort;
}

export interface Given {
  readonly data: NumericArray;
  readonly shape: readonly number[];
}

/** Seeded values for a model's inputs. */
export function valuesFor(inputs: readonly CaseInput[], batch: number, seed = 1): Given[] {
  const random = seededRandom(seed);
  return inputs.map(({ shape, dtype = 'float32', below = 8 }) => {
    const size = batch * shape.reduce((product, length) => product * length, 1);
    const data =
      dtype === 'int32'
        ? Int32Array.from({ length: size }, () => Math.floor(random() * below))
        : Float32Array.from({ length: size }, () => 3 * random() - 1.5);
    return { data, shape: [batch, ...shape] };
  });
}

/** Gives every weight a seeded value; variances are above 0. */
export function shakeWeights(model: LayersModel, seed = 7): void {
  const random = seededRandom(seed);
  tf.tidy(() => {
    const values = model.weights.map(({ shape, originalName }) => {
      const size = shape.reduce<number>((product, length) => product * (length ?? 1), 1);
      const isVariance = originalName.includes('variance');
      const data = Float32Array.from({ length: size }, () => (isVariance ? 0.3 + random() : random() - 0.5));
      return tf.tensor(data, shape as number[]);
    });
    model.setWeights(values);
  });
}

/** What tfjs predicts, in the order of the model's outputs. */
export function tfjsOutputs(model: LayersModel, given: readonly Given[]): Given[] {
  return tf.tidy(() => {
    const tensors = given.map(({ data, shape }) =>
      tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
    );
    const made = model.predict(tensors.length === 1 ? (tensors[0] as tf.Tensor) : tensors);
    return [made].flat().map((tensor) => ({ data: tensor.dataSync() as Float32Array, shape: tensor.shape }));
  });
}

/** What onnxruntime-web gives, in the order of the file's outputs. */
export async function ortOutputs(bytes: Uint8Array, given: readonly Given[]): Promise<Given[]> {
  return (await ortOutputsOfEach(bytes, [given]))[0] as Given[];
}

/** The same for several batches, in one session. */
async function ortOutputsOfEach(bytes: Uint8Array, batches: readonly (readonly Given[])[]): Promise<Given[][]> {
  started ??= start();
  const ort = await started;
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'all' });
  try {
    const all: Given[][] = [];
    for (const given of batches) {
      const feeds = given.map(({ data, shape }, i) => {
        const type = data instanceof Int32Array ? 'int32' : 'float32';
        const tensor = new ort.Tensor(type as 'float32', data as Float32Array, shape);
        return [session.inputNames[i] as string, tensor] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      all.push(
        session.outputNames.map((name) => {
          const { data, dims } = results[name] as { data: Float32Array; dims: readonly number[] };
          return { data, shape: dims };
        }),
      );
    }
    return all;
  } finally {
    await session.release();
  }
}

/** 1e-4 of the largest value, or of 1. */
export function expectSame(actual: readonly Given[], expected: readonly Given[], what = ''): void {
  expect(actual.length, what).toBe(expected.length);
  expected.forEach(({ data, shape }, i) => {
    const given = actual[i] as Given;
    expect(given.shape, what).toEqual(shape);
    const values: readonly number[] = Array.from(data);
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    const worst = values.reduce((far, value, k) => Math.max(far, Math.abs(value - (given.data[k] as number))), 0);
    if (!(worst <= 1e-4 * most)) throw new Error(`${what}: output ${i} is ${worst} away, its largest value is ${most}`);
  });
}

/** Exports a model, runs it for batches of 1 and 3, and compares with tfjs. Gives the file, read. */
export async function checkExport(
  model: LayersModel,
  inputs: readonly CaseInput[],
  options: ToOnnxOptions = {},
): Promise<OnnxModel> {
  const artifacts = await artifactsOf(model);
  const bytes = artifactsToOnnx(artifacts, options);
  expect(Buffer.compare(artifactsToOnnx(artifacts, options), bytes), 'the same bytes').toBe(0);
  const batches = [1, 3].map((batch) => valuesFor(inputs, batch));
  for (const [i, outputs] of (await ortOutputsOfEach(bytes, batches)).entries()) {
    expectSame(outputs, tfjsOutputs(model, batches[i] as Given[]), `batch ${i}, opset ${options.opset}`);
  }
  const read = readModel(bytes);
  expectDeclared(read, model, bytes.byteLength);
  return read;
}

/** Shape inference finds what the file says, and what tfjs says; names are unique and nothing is left over. */
function expectDeclared(read: OnnxModel, model: LayersModel, bytes: number): void {
  const { nodes } = describeModel(read, bytes);
  const shapes = new Map(nodes.flatMap(({ outputs }) => outputs.map(({ name, shape }) => [name, shape])));
  for (const { name, type } of [...read.graph.valueInfo, ...read.graph.output]) {
    const said = (type?.tensorType?.shape?.dim ?? []).map(({ dimValue, dimParam }) =>
      dimParam !== '' || dimValue === 0n ? null : Number(dimValue),
    );
    const found = shapes.get(name);
    expect(found?.length, `${name} has a rank`).toBe(said.length);
    said.forEach((length, axis) => {
      if (length !== null) expect(found?.[axis], `${name}, axis ${axis}`).toBe(length);
    });
  }
  const declared = read.graph.output.map(({ type }) =>
    (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => (dimValue === 0n ? null : Number(dimValue))),
  );
  expect(declared).toEqual(model.outputs.map(({ shape }) => shape));
  expect(read.graph.input.map(({ name }) => name)).toEqual(model.inputNames);
  const names = read.graph.node.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const used = new Set(read.graph.node.flatMap(({ input }) => input));
  expect(read.graph.initializer.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
}

export function countOf({ graph }: OnnxModel, operator: string): number {
  return graph.node.filter(({ opType }) => opType === operator).length;
}
