import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { detectWasm } from '../runtime/capabilities.ts';
import { clearDeviceProfile, deviceProfile, keepDeviceProfile } from '../storage/deviceProfile.ts';
import { openStore } from '../storage/openStore.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { openTeacher } from '../teacher/onnxTeacher.ts';
import { createOnnxSession } from '../teacher/session/session.ts';
import { fakeHouse } from '../teacher/session/sessionCases.ts';
import { threadMemory } from '../train/threadMemory.ts';
import { benchHere, mlpModel } from './benchCases.ts';
import { benchmark } from './benchmark.ts';
import { row } from './cases/reportCases.ts';
import { keepFindings } from './keepFindings.ts';
import { benchBackend } from './namedBackends.ts';
import type { BenchRow } from './report.ts';

benchHere();

const { signal } = new AbortController();
const forget = async () => {
  keepDeviceProfile(undefined);
  await clearDeviceProfile();
};
beforeEach(forget);
afterEach(forget);

describe('a teacher', () => {
  const { onnx } = mlpModel();
  const all = async (backend: string) => (await benchBackend(backend)).threads;

  /** Where the file opens first, and why. */
  async function opened(options = {}) {
    const house = fakeHouse({ wasm: {}, kernels: {} });
    const start = async () => ({ ...(await house.start()), hash: createOnnxSession().hash });
    const files = { model: new Blob([onnx as Uint8Array<ArrayBuffer>]), externalData: [] };
    await using teacher = await openTeacher({ files, name: 'any name', notices: [] }, options, start);
    const { why, batchSize } = teacher.description;
    return { first: house.log[0]?.split(' ')[1], why, batchSize };
  }

  async function rowsOf(given: Partial<Parameters<typeof row>[0]> = {}): Promise<BenchRow[]> {
    const [kernels, wasm] = await Promise.all([all('kernels'), all('onnxruntime-wasm')]);
    const { simdLevel } = await detectWasm();
    return [
      row({ backend: 'onnxruntime-wasm', threads: wasm, ms: 4 }),
      row({ backend: 'kernels', threads: kernels, simdLevel, ms: 2, ...given }),
    ];
  }

  test('with "auto" opens where a benchmark found its file fastest, and says so', async () => {
    await keepFindings([mlpModel()], await rowsOf(), signal);
    const { first, why, batchSize } = await opened();
    expect(first).toBe('kernels');
    expect(why).toContain('A benchmark on this device found kernels faster: 2 ms an example, and 4 ms on wasm.');
    // One example at a time was measured: what suits it is for its own work to find.
    expect(batchSize).toBeUndefined();
  });

  test('begins with the batch that costs least', async () => {
    const rows = await rowsOf();
    const larger = { ...(rows[1] as BenchRow), batch: 16, medianMs: 16 };
    await keepFindings([mlpModel()], [...rows, larger], signal);
    expect(await opened()).toMatchObject({ first: 'kernels', batchSize: 16 });
  });

  test.each<[string, () => Promise<BenchRow[]>]>([
    ['that is wrong', () => rowsOf({ isRight: false, errorFraction: 0.5, skipped: 'It gives wrong numbers.' })],
    ['on more threads than a teacher takes', () => rowsOf({ threads: 99 })],
    ['at a lower level than the engine has', async () => rowsOf({ simdLevel: 'none' })],
    ['of a backend of one’s own', () => rowsOf({ backend: 'mine' })],
    ['with nothing beside it', async () => (await rowsOf()).slice(1)],
    ['of another model', () => rowsOf({ model: 'another' })],
  ])('learns nothing of a row %s', async (_, rows) => {
    await keepFindings([mlpModel()], await rows(), signal);
    expect((await opened()).first).toBe('wasm');
    expect((await deviceProfile()).measurements).toEqual([]);
  });

  test('that is to run elsewhere does so', async () => {
    await keepFindings([mlpModel()], await rowsOf(), signal);
    expect((await opened({ device: 'wasm' })).first).toBe('wasm');
  });

  test('learns of it after a reload, but not what bytes of anyone else say', async () => {
    await using store = await openStore('kept', { kind: 'memory' });
    keepDeviceProfile(store);
    await keepFindings([mlpModel()], await rowsOf(), signal);
    const [key = ''] = await store.keys();
    const bytes = (await store.get(key)) as Uint8Array;
    // As another page finds it.
    await clearDeviceProfile();
    await store.put(key, bytes);
    expect((await opened()).first).toBe('kernels');
    const text = new TextDecoder().decode(bytes);
    for (const bad of [text.slice(1), text.replace('"kernels"', '"moon"'), text.replace('"why"', '"reason"')]) {
      await clearDeviceProfile();
      await store.put(key, new TextEncoder().encode(bad));
      expect((await opened()).first).toBe('wasm');
    }
    // What another browser or version has kept lies in another folder.
    await clearDeviceProfile();
    await store.put(key.replace(/\/[^/]+\//, '/0123/'), bytes);
    expect((await opened()).first).toBe('wasm');
  });
});

test('a student’s steps begin with the threads that a benchmark found, whatever their loss and batch', async () => {
  const student = mlp({ inputShape: [12], hidden: [16], classes: 4 });
  const steps = { workload: 'train-step', model: 'small', batch: 32 } as const;
  const { threads } = await benchBackend('kernels');
  const most = Math.max(2, threads);
  const { simdLevel } = await detectWasm();
  const rows = [row({ ...steps, threads: 1, simdLevel, ms: 1 }), row({ ...steps, threads, simdLevel, ms: 3 })];
  await keepFindings([{ name: 'small', student }], rows, signal);
  const what = {
    student: 'mlp_7',
    layers: ['Dense'],
    // In another order than the file has.
    weights: [[4], [16], [16, 4], [12, 16]],
    batchSize: 64,
    loss: { name: 'softTargets', options: {}, terms: [] },
    threads: most,
    simdLevel,
  };
  const found = threads > 1 ? { oneMs: 1, allMs: 3 } : undefined;
  expect(await (await threadMemory(what)).recall()).toEqual(found);
  // What its own steps took is worth more.
  await (await threadMemory(what)).remember({ oneMs: 2, allMs: 1 });
  expect(await (await threadMemory(what)).recall()).toEqual({ oneMs: 2, allMs: 1 });
  expect(await (await threadMemory({ ...what, batchSize: 8 })).recall()).toEqual(found);
  expect(await (await threadMemory({ ...what, weights: [[4]], batchSize: 8 })).recall()).toBeUndefined();
});

test('only a benchmark that is asked to keeps anything', async () => {
  const options = { models: [mlpModel()], backends: ['onnxruntime-wasm', 'kernels'], budgetMs: 8000, mostRounds: 3 };
  await benchmark(options).done;
  expect((await deviceProfile()).measurements).toEqual([]);
  await benchmark({ ...options, keep: true }).done;
  expect((await deviceProfile()).measurements).toMatchObject([{ kind: 'teacher', name: 'mlp' }]);
});
