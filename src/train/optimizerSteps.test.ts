import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../core/shape.ts';
import { beginOnWasm, levels, readBinaries } from '../runtime/kernels/cases/binaryCases.ts';
import { installKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';
import { makeOptimizer } from './optimizer.ts';
import type { OptimizerOptions } from './optimizerOptions.ts';

/** optimizers.json, which scripts/golden/optimizers.py made with PyTorch and numpy: integers k stand for k / 64. */
interface Golden {
  readonly steps: number;
  readonly shapes: readonly (readonly number[])[];
  readonly start: readonly (readonly number[])[];
  readonly gradients: readonly (readonly number[])[];
  readonly runs: readonly { readonly options: OptimizerOptions; readonly weights: readonly number[] }[];
}

const golden = JSON.parse(readFileSync(new URL('golden/optimizers.json', import.meta.url), 'utf8')) as Golden;

/** Twenty roundings of weights below 4, each by at most 2⁻²³ in either direction. Largest seen: 4.1e-7. */
const TOLERANCE = 1e-6;

const binaryOf = readBinaries();
beginOnWasm();

const backends = ['cpu', 'wasm', ...levels] as const;

async function begin(backend: (typeof backends)[number]): Promise<void> {
  if (backend === 'cpu') await tf.setBackend('cpu');
  else if (backend !== 'wasm') await installKernels(binaryOf(backend));
}

describe.each(backends)('on %s', (backend) => {
  const named = golden.runs.map(({ options, weights }) => ({ text: JSON.stringify(options), options, weights }));

  test.each(named)('follows PyTorch and the papers with $text', async ({ options, weights }) => {
    await begin(backend);
    const before = tf.memory().numTensors;
    const got = stepped(options);
    got.forEach((value, i) => {
      expect(Math.abs(value - (weights[i] as number)), `weight ${i}`).toBeLessThanOrEqual(TOLERANCE);
    });
    expect(got.length).toBe(weights.length);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('gives the same bits on the cpu backend and on both binaries', async () => {
  const results: Record<string, number[][]> = {};
  for (const backend of ['cpu', ...levels] as const) {
    await tf.setBackend('wasm');
    await begin(backend);
    // LAMB and clipping read a norm, whose last bit may differ.
    const runs = golden.runs.filter(({ options }) => options.name !== 'lamb' && options.clipNorm === undefined);
    results[backend] = runs.map(({ options }) => stepped(options));
  }
  expect(results['simd']).toEqual(results['cpu']);
  expect(results['relaxed']).toEqual(results['cpu']);
});

/** All weights after the golden steps. */
function stepped(options: OptimizerOptions): number[] {
  const optimizer = makeOptimizer(tf, options);
  const variables = golden.shapes.map((shape, i) =>
    tf.tidy(() =>
      tf.variable(
        tf.tensor(
          (golden.start[i] ?? []).map((k) => k / 64),
          [...shape],
        ),
      ),
    ),
  );
  for (let step = 0; step < golden.steps; step++) {
    tf.tidy(() => optimizer.applyGradients(variables.map(({ name }, i) => ({ name, tensor: gradientAt(i, step) }))));
  }
  const weights = variables.flatMap((variable) => [...variable.dataSync()]);
  optimizer.dispose();
  tf.dispose(variables);
  return weights;
}

/** The integers of the first step, rotated by one per step, scaled from half to double, with the sign changed every third step. */
function gradientAt(tensor: number, step: number): tf.Tensor {
  const shape = golden.shapes[tensor] ?? [];
  const size = sizeOf(shape);
  const factor = (((1 + (step % 4)) / 2) * (step % 3 === 2 ? -1 : 1)) / 64;
  const turned = Array.from({ length: size }, (_, i) => {
    const from = (((i - step) % size) + size) % size;
    return (golden.gradients[tensor]?.[from] ?? Number.NaN) * factor;
  });
  return tf.tensor(turned, [...shape]);
}
