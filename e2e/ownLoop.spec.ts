import type { BackendDescription } from 'limbeck';
import { bundle, expect, test } from './fixtures.ts';

for (const threads of [1, 2]) {
  test(`a training loop of one's own runs on the kernels: ${threads} thread(s)`, async ({ page, serveDist }) => {
    const body = await bundle('pages/ownLoop.ts');
    const url = await serveDist({ extra: { '/own-loop.js': { type: 'text/javascript', body } } });
    await page.goto(`${url}/empty.html`);
    const result = (await page.evaluate(
      (count) =>
        new Promise<unknown>((resolve) => {
          const worker = new Worker('/own-loop.js', { type: 'module' });
          worker.onerror = (event) => resolve({ error: event.message });
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage(count);
        }),
      threads,
    )) as { error?: string; description: BackendDescription; losses: number[]; isStep: boolean };
    expect(result.error).toBeUndefined();
    expect(result.description).toMatchObject({ backend: 'wasm', hasKernels: true, threads });
    expect(result.isStep).toBe(true);
    expect(result.losses.every(Number.isFinite)).toBe(true);
    expect(result.losses.at(-1) as number).toBeLessThan(0.7 * (result.losses[0] as number));
  });
}
