import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import * as tf from '../tf.ts';
import * as mine from './elemScratchCases.ts';
import { installKernels, uninstallKernels } from './install.ts';
import { checkKernels } from './kernelCases.ts';

beforeAll(async () => {
  tf.setWasmPaths(fileURLToPath(new URL('../../../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)));
  await tf.setBackend('wasm');
});
for (const level of ['relaxed', 'simd'])
  test(`cases ${level}`, async () => {
    await installKernels(new Uint8Array(await readFile(`/tmp/k-elem/kernels-${level}.wasm`)));
    const only = process.env['ONLY'];
    const list = Object.values(mine).flat().filter((k) => !only || k.kernelName.includes(only));
    const t0 = Date.now();
    const checks = await checkKernels({ casesPerKernel: Number(process.env['N'] ?? 200), seed: 7, kernels: list });
    console.log(level, checks.length, 'kernels', Date.now() - t0, 'ms');
    uninstallKernels();
    expect(checks.flatMap(({ kernelName, failures }) => failures.map((f) => ({ kernelName, ...f })))).toEqual([]);
  });
