// A benchmark of a small model in Node, whose workers are on the thread of the test. Only tests import this file.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';
import { configure } from '../core/configure.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import { FakeWorker } from '../workers/workerCases.ts';
import { createBenchSession } from './session/benchSession.ts';
import type { BenchModel } from './subject.ts';

/** Workers that were started, and not ended yet. */
export const living = () => made.filter((worker) => !worker.isTerminated).length;

const made: FakeWorker[] = [];

/** Sessions of a test run beside each other on its thread. */
export function benchHere(): void {
  beforeEach(() => {
    const start = () => {
      const worker = new FakeWorker((one) => one.greet(undefined, ['bench']), { bench: createBenchSession() });
      made.push(worker);
      return worker as unknown as Worker;
    };
    configure({ assets: builtAssets(), worker: start });
  });
  afterEach(() => {
    made.splice(0);
    configure({ assets: undefined, worker: undefined });
  });
}

const file = new URL('../student/golden/fromOnnx/mlp.onnx', import.meta.url);

/** Reads [n, 7]. */
export const mlpModel = (): BenchModel => ({ name: 'mlp', onnx: new Uint8Array(readFileSync(file)) });
