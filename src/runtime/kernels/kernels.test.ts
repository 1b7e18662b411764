import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import * as tf from '../tf.ts';
import { installKernels } from './install.ts';
import { checkKernels } from './kernelCases.ts';

beforeAll(async () => {
  tf.setWasmPaths(new URL('../../../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname);
  await tf.setBackend('wasm');
});
test.each(['relaxed', 'simd'])(
  '%s',
  async (level) => {
    const k = await installKernels(await readFile(`dist/kernels-${level}.wasm`));
    let t = performance.now();
    await checkKernels({
      casesPerKernel: Number(process.env.N ?? 60),
      seed: Number(process.env.SEED ?? 1),
      report: (c) => {
        console.log(JSON.stringify(c), Math.round(performance.now() - t));
        t = performance.now();
      },
    });
    console.log(tf.memory());
    k.uninstall();
  },
  600000,
);
