import type { BackendDescription } from 'limbeck';
import { isLong } from '../scripts/isLong.mjs';
import type { KernelCheck } from '../src/runtime/kernels/cases/kernelCases.ts';
import { bundle, expect, test } from './fixtures.ts';

/** Of each kernel. Node checks more, unthreaded; here they run on a shared heap, and on one that is not. */
const CASES = 30;

for (const [simdLevel, threads] of [
  ['relaxed', 2],
  ...(isLong
    ? ([
        ['simd', 1],
        ['relaxed', 1],
        ['simd', 2],
      ] as const)
    : []),
] as const) {
  test(`kernels equal tfjs cpu: ${simdLevel}, ${threads} thread(s)`, async ({ page, serveDist }) => {
    const body = await bundle('pages/kernels.ts');
    const url = await serveDist({ extra: { '/kernels-worker.js': { type: 'text/javascript', body } } });
    await page.goto(`${url}/empty.html`);
    const result = (await page.evaluate(
      (request) =>
        new Promise<unknown>((resolve) => {
          const worker = new Worker('/kernels-worker.js', { type: 'module' });
          worker.onerror = (event) => resolve({ error: event.message });
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage(request);
        }),
      { simdLevel, threads, casesPerKernel: CASES, seed: 20260 + threads },
    )) as { error?: string; description: BackendDescription; checks: KernelCheck[] };
    expect(result.error).toBeUndefined();
    expect(result.description).toMatchObject({ simdLevel, threads, hasKernels: true });
    expect(result.checks.map(({ cases }) => cases)).toEqual(result.checks.map(() => CASES));
    expect(result.checks.length).toBeGreaterThanOrEqual(7);
    expect(result.checks.flatMap(({ kernelName, failures }) => failures.map((f) => ({ kernelName, ...f })))).toEqual(
      [],
    );
  });
}
