// Compares an export with tfjs, for tests.
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { ortInNode } from '../onnx/cases/ortCases.ts';
import { describeModel } from '../onnx/describe/describe.ts';
import { type OnnxModel, readModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { predicted, seededInputs, withSeededWeights } from './exportedCases.ts';
import type { CaseInput, LayerCase } from './layerCases.ts';
import type { ToOnnxOptions } from './toOnnxOptions.ts';

/** Each case at each operator set, against tfjs's cpu backend. */
export function checkLayerCases(cases: readonly LayerCase[], opsets: readonly number[] = [13, 21]): void {
  beforeAll(() => tf.setBackend('cpu').then(() => undefined));

  describe.each(cases)('$family: $name', ({ build, inputs }) => {
    test.each(opsets)('equals tfjs at opset %i', async (opset) => {
      const model = withSeededWeights(tf, build(tf));
      try {
        await checkExport(model, inputs, { opset });
      } finally {
        model.dispose();
      }
    });
  });
}

/** What onnxruntime-web gives, in the order of the file's outputs. */
export async function ortOutputs(bytes: Uint8Array, given: readonly NdArray[]): Promise<NdArray[]> {
  return (await ortOutputsOfEach(bytes, [given]))[0] as NdArray[];
}

/** The same for several batches, in one session. */
async function ortOutputsOfEach(bytes: Uint8Array, batches: readonly (readonly NdArray[])[]): Promise<NdArray[][]> {
  const ort = await ortInNode();
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'all' });
  try {
    const all: NdArray[][] = [];
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
export function expectSame(actual: readonly NdArray[], expected: readonly NdArray[], what = ''): void {
  expect(actual.length, what).toBe(expected.length);
  expected.forEach(({ data, shape }, i) => {
    const given = actual[i] as NdArray;
    expect(given.shape, what).toEqual(shape);
    const values: readonly number[] = Array.from(data);
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    const worst = values.reduce((far, value, k) => Math.max(far, Math.abs(value - (given.data[k] as number))), 0);
    if (!(worst <= 1e-4 * most)) throw new Error(`${what}: output ${i} is ${worst} away, its largest value is ${most}`);
  });
}

/** Exports a model, runs it for batches of 1 and 3, and compares with tfjs. Returns the parsed file. */
export async function checkExport(
  model: LayersModel,
  inputs: readonly CaseInput[],
  options: ToOnnxOptions = {},
): Promise<OnnxModel> {
  const artifacts = await artifactsOf(model);
  const bytes = artifactsToOnnx(artifacts, options);
  expect(Buffer.compare(artifactsToOnnx(artifacts, options), bytes), 'the same bytes').toBe(0);
  const batches = [1, 3].map((batch) => seededInputs(inputs, batch));
  for (const [i, outputs] of (await ortOutputsOfEach(bytes, batches)).entries()) {
    expectSame(outputs, await predicted(tf, model, batches[i] as NdArray[]), `batch ${i}, opset ${options.opset}`);
  }
  const read = readModel(bytes);
  expectDeclared(read, model, bytes.byteLength);
  return read;
}

/** Shape inference agrees with the file and with tfjs; names are unique and nothing is unused. */
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
