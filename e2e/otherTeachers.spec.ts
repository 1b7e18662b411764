import type { Page } from '@playwright/test';
import { bundle, collectErrors, endIdleTrainer, expect, livingWorkers, test } from './fixtures.ts';

/** relu(x · w) as tfjs's converter writes it, with the weights in a separate file. */
const GRAPH = {
  format: 'graph-model',
  modelTopology: {
    node: [
      {
        name: 'x',
        op: 'Placeholder',
        attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } },
      },
      {
        name: 'w',
        op: 'Const',
        attr: { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: {} } } },
      },
      { name: 'y', op: 'MatMul', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' } } },
      { name: 'z', op: 'Relu', input: ['y'], attr: { T: { type: 'DT_FLOAT' } } },
    ],
    library: {},
    versions: { producer: 1 },
  },
  weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [2, 2], dtype: 'float32' }] }],
};

async function serveGraph(page: Page): Promise<void> {
  await page.route('**/graph/model.json', (route) => route.fulfill({ json: GRAPH }));
  await page.route('**/graph/w.bin', (route) =>
    route.fulfill({ body: Buffer.from(Float32Array.of(1, 2, 3, 4).buffer), contentType: 'application/octet-stream' }),
  );
}

for (const isIsolated of [true, false]) {
  test(`snapshots, graphs and ensembles teach: ${isIsolated ? 'isolated' : 'not isolated'}`, async ({
    page,
    serveDist,
  }) => {
    const body = await bundle('pages/otherTeachers.ts');
    const url = await serveDist({ isIsolated, extra: { '/other-teachers.js': { type: 'text/javascript', body } } });
    const errors = collectErrors(page);
    await serveGraph(page);
    await page.goto(`${url}/empty.html`);
    await page.addScriptTag({ url: '/other-teachers.js', type: 'module' });
    await page.waitForFunction(() => 'runOtherTeachers' in window);
    const result = await page.evaluate(() => window.runOtherTeachers());

    expect(result.snapshot.difference).toBeLessThan(1e-4);
    expect(result.snapshot.description).toMatchObject({ device: 'tfjs', outputs: { logits: [null, 3] } });
    expect(result.graph.logits).toEqual([7, 10, 0.5, 0]);
    expect(result.graph.description).toMatchObject({
      name: 'graph',
      bytes: 16,
      device: 'tfjs',
      inputs: { x: [null, 2] },
    });
    expect(result.missing).toBe('model-unreachable');
    const [byProbs, byLosses] = result.taught.seen as [number[], number[]];
    expect(byProbs).toHaveLength(20);
    expect(byProbs.at(-1) as number).toBeLessThan(0.3 * (byProbs[0] as number));
    // Two teachers that differ leave a rest that no student can get below.
    expect(byLosses.at(-1) as number).toBeLessThan(0.9 * (byLosses[0] as number));
    expect(result.taught.identity).toContain('ensemble');
    await endIdleTrainer(page);
    await expect.poll(() => livingWorkers(page)).toBe(0);
    // Of the file that is missing, the browser itself speaks.
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
  });
}
