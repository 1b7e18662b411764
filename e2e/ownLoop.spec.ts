import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { BackendDescription } from 'limbeck';
import { builtEntry, bundle, expect, test } from './fixtures.ts';

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

test('limbeck/tfjs is as small as its guide says', async () => {
  const parts = new Map((await builtEntry('tfjs')).map((part) => [part.path, part]));
  const loaded = new Set<string>();
  const load = (path: string) => {
    if (!parts.has(path) || loaded.has(path)) return;
    loaded.add(path);
    for (const other of parts.get(path)?.loadsFirst ?? []) load(other);
  };
  load('/own-tfjs.js');
  const bytes = [...loaded].map((path) => gzipSync(parts.get(path)?.text ?? '').length);
  const measured = bytes.reduce((sum, one) => sum + one, 0) / 1000;
  const guide = await readFile(new URL('../docs/guide/take-it-anywhere.md', import.meta.url), 'utf8');
  const [, stated] = /`limbeck\/tfjs` is (\d+) KB/.exec(guide) ?? [];
  expect(Math.abs(Number(stated) - measured), `limbeck/tfjs is ${measured} KB`).toBeLessThanOrEqual(1);
});
