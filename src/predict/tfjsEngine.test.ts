import { expect, test, vi } from 'vitest';
import type { BackendOptions } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { openEngine } from './openEngine.ts';

const { seen } = vi.hoisted(() => ({ seen: [] as string[] }));
/** A backend whose threads take a while to be gone. */
vi.mock('../runtime/backends/open.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../runtime/backends/open.ts')>();
  return {
    async openBackendHere(options: BackendOptions) {
      const backend = await original.openBackendHere(options);
      const dispose = async () => {
        await backend.dispose();
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push('gone');
      };
      return { ...backend, dispose };
    },
  };
});

test('a student’s own backend is closed with it, and its threads are gone by then', async () => {
  const settings = { threads: 1, assetBase: builtAssets() };
  const backend = await openBackendHere(settings);
  const artifacts = await artifactsFrom(mlp({ inputShape: [4], classes: 2, hidden: [3] }), 'build');
  await backend.dispose();
  seen.length = 0;
  const engine = await openEngine({ engine: 'tfjs', artifacts }, 'none', { ...settings, name: 'tiny' });
  await engine[Symbol.asyncDispose]();
  expect(seen).toEqual(['gone']);
});

test('what tfjs says about a batch is told as the student’s fault', async () => {
  await tf.setBackend('cpu');
  const artifacts = await artifactsFrom(mlp({ inputShape: [4], classes: 2, hidden: [3] }), 'build');
  const engine = await openEngine({ engine: 'tfjs', artifacts }, 'none', { name: 'tiny' });
  const [input] = Object.keys(engine.opened.inputs) as [string];
  const ask = (width: number) => engine.run({ [input]: { data: new Float32Array(width), shape: [1, width] } });
  expect((await ask(4))['logits']?.shape).toEqual([1, 2]);
  await expect(ask(5)).rejects.toMatchObject({ code: 'shape-mismatch' });
  tf.disposeVariables();
  await expect(ask(4)).rejects.toMatchObject({
    code: 'student-invalid',
    message: expect.stringMatching(/^The student failed on a batch: /),
  });
  await engine[Symbol.asyncDispose]();
  await expect(ask(4)).rejects.toMatchObject({ code: 'disposed' });
  expect(tf.memory().numTensors).toBe(0);
});
