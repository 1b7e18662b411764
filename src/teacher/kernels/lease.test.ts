import { expect, test, vi } from 'vitest';
import { createTfjsSession } from '../../model/tfjsSession.ts';
import type { BackendOptions } from '../../runtime/backends/backend.ts';
import { builtAssets } from '../../runtime/cases/assetCases.ts';
import { artifactsFrom } from '../../student/artifacts.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import { leaseKernels } from './lease.ts';

const { seen } = vi.hoisted(() => ({ seen: [] as string[] }));
/** A backend whose threads take a while to end. */
vi.mock('../../runtime/backends/open.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../runtime/backends/open.ts')>();
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

const settings = { assetBase: builtAssets(), threads: 1 };

test('kernels are released by their last user, and their threads have ended by then', async () => {
  const [one, other] = await Promise.all([leaseKernels(settings), leaseKernels(settings)]);
  await one.release();
  await one.release();
  expect([seen, other.kernels()?.threads]).toEqual([[], 1]);
  await other.release();
  expect(seen.splice(0)).toEqual(['gone']);
  expect(other.kernels()).toBeUndefined();
});

test('a new user gets other kernels while the old ones end', async () => {
  const one = await leaseKernels(settings);
  const ending = one.release();
  const other = await leaseKernels(settings);
  await ending;
  expect([seen.splice(0), other.kernels()?.threads]).toEqual([['gone'], 1]);
  await other.release();
  expect(seen.splice(0)).toEqual(['gone']);
});

test('a tfjs session is closed once its threads have ended', async () => {
  const lease = await leaseKernels(settings);
  const artifacts = await artifactsFrom(mlp({ inputShape: [4], classes: 2, hidden: [3] }), 'build');
  await lease.release();
  seen.length = 0;
  const session = createTfjsSession();
  await session.open({ kind: 'layers', student: { kind: 'artifacts', artifacts } }, { ...settings, name: 'tiny' });
  await session.close();
  expect(seen.splice(0)).toEqual(['gone']);
});
