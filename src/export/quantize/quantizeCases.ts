// Ready-made models, data and readings of quantized models, for tests.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromArrays } from '../../data/arrays.ts';
import type { Dataset } from '../../data/dataset.ts';
import { type OnnxModel, type OnnxNode, type OnnxTensor, readModel } from '../../onnx/model.ts';
import { ortAssets } from '../../runtime/cases/assetCases.ts';
import golden from './golden/quantize.json' with { type: 'json' };

/** onnxruntime-web on this thread. */
export const HERE = { worker: 'none', assetBase: ortAssets(), threads: 1 } as const;

export { golden };

export type GoldenModel = keyof typeof golden.models;

export function goldenBytes(name: GoldenModel): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(`./golden/${name}.onnx`, import.meta.url))));
}

/** The examples that Python calibrated with: whole numbers k of 8 bits, read as k / 32. */
export function goldenData(name: GoldenModel): Dataset {
  const { samples, shape } = golden.models[name];
  const bytes = Int8Array.from(Buffer.from(samples, 'base64'));
  return fromArrays({ data: Float32Array.from(bytes, (k) => k / 32), shape });
}

/** A quantized model, opened to be looked at. */
export function lookInto(bytes: Uint8Array) {
  const { graph, opsetImport } = readModel(bytes) as OnnxModel;
  const stored = (name: string | undefined): OnnxTensor => {
    const found = graph.initializer.find((tensor) => tensor.name === name);
    if (found === undefined) throw new Error(`"${name}" is not stored.`);
    return found;
  };
  const makerOf = (name: string | undefined): OnnxNode | undefined =>
    graph.node.find(({ output }) => output.includes(name as string));
  return { graph, opsetImport, stored, makerOf, operators: graph.node.map(({ opType }) => opType) };
}

/** The largest difference, as a share of the largest value. */
export function worstShare(given: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs((given[i] as number) - (expected[i] as number)));
    largest = Math.max(largest, Math.abs(expected[i] as number));
  }
  return given.length === expected.length ? worst / largest : Number.NaN;
}

export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, x, y] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [a[i] as number, b[i] as number];
    dot += p * q;
    x += p * p;
    y += q * q;
  }
  return dot / Math.sqrt(x * y);
}
