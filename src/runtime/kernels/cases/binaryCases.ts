// What the tests of the kernels share. Only tests import this file.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, vi } from 'vitest';
import { builtAssets } from '../../cases/assetCases.ts';
import * as tf from '../../tf.ts';
import { uninstallKernels } from '../install.ts';

export const SEED = 20_260;
export const levels = ['relaxed', 'simd'] as const;

/** Reads the binaries before the tests of a file begin; the function gives their bytes within a test. */
export function readBinaries(): (level: (typeof levels)[number]) => Uint8Array<ArrayBuffer> {
  const binaries: Record<string, Uint8Array<ArrayBuffer>> = {};
  beforeAll(async () => {
    const dist = builtAssets();
    for (const level of levels) {
      binaries[level] = new Uint8Array(await readFile(new URL(`kernels-${level}.wasm`, dist)));
    }
  });
  return (level) => binaries[level] as Uint8Array<ArrayBuffer>;
}

/** Every test of the file begins on tfjs's wasm backend, without kernels and spies. */
export function beginOnWasm(): void {
  beforeAll(async () => {
    tf.setWasmPaths(
      fileURLToPath(new URL('../../../../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)),
    );
    await tf.setBackend('wasm');
  });
  afterEach(async () => {
    uninstallKernels();
    vi.restoreAllMocks();
    await tf.setBackend('wasm');
  });
}

const { instantiate } = WebAssembly;

/**
 * From here to the end of the test, kernels that are installed run part after part in this order, as if so many threads shared the
 * work. A number of parts stands for the last one first.
 */
export function cutInto(parts: number | readonly number[]): void {
  const order = typeof parts === 'number' ? Array.from({ length: parts }, (_, i) => parts - 1 - i) : parts;
  const inParts = async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
    const { exports } = await instantiate(module, imports);
    const runKernel = exports['runKernel'] as (...words: number[]) => void;
    const cut = (kernel: number, args: number, scratch: number) => {
      for (const part of order) runKernel(kernel, args, scratch, part, order.length);
    };
    return { exports: { ...exports, runKernel: cut } };
  };
  vi.spyOn(WebAssembly, 'instantiate').mockImplementation(inParts as never);
}
