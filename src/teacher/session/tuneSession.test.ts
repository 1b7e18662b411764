import { afterEach, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import type { DevicePlan } from './devices.ts';
import { keepRunning } from './recover.ts';
import { type FakeDevice, fakeHouse } from './sessionCases.ts';
import { type Opening, openAt } from './sessionPlace.ts';
import type { Placement, SessionDevice } from './sessionSettings.ts';
import { tuneSession } from './tuneSession.ts';

afterEach(() => void vi.useRealTimers());

const inputs = { x: { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [6, 2] } };
const plan: DevicePlan = { first: 'wasm', challengers: [], reasons: [], notices: [], gpuName: 'gpu' };

async function tune(
  devices: Partial<Record<SessionDevice, FakeDevice>>,
  changed: Partial<DevicePlan>,
  sizes?: number[],
) {
  const house = fakeHouse(devices);
  const files = { model: new Blob([]), externalData: [] };
  const opening: Opening = { files, settings: { name: 'fake' }, worker: 'shipped', start: house.start };
  const open = (placement: Placement) => openAt(opening, placement);
  const notices: string[] = [];
  const tell = (notice: string) => void notices.push(notice);
  const whole = { ...plan, ...changed };
  const session = await open({ device: whole.first });
  const running = keepRunning({ first: session, open, hasWorker: true, tell });
  const first = { session, inputs, outputs: { y: inputs.x }, ms: 0 };
  const place = await tuneSession({ running, plan: whole, first, sizes, open, tell });
  return { place, notices, ...house, now: running.current().placement.device };
}

describe('a GPU that may be faster', () => {
  const challengers = ['webgpu'] as const;

  test('is taken if it is, with both figures', async () => {
    const { place, now, living, log } = await tune({ webgpu: { msPerExample: 2 } }, { challengers });
    expect(place).toMatchObject({ device: 'webgpu', batchSize: 1, isProvisional: false });
    expect(place.why).toContain('wasm takes longer: 10 ms an example at 1 at a time');
    expect(place.figures[0]).toEqual({ batchSize: 1, msPerExample: 2, spreadFraction: 0.15 });
    expect([now, living()]).toEqual(['webgpu', 1]);
    // A few examples are enough to compare.
    expect(log).toContain('run webgpu 4');
  });

  test('is left if it is hardly faster', async () => {
    const { place, now, living } = await tune({ webgpu: { msPerExample: 9.5 } }, { challengers });
    expect(place).toMatchObject({ device: 'wasm', isProvisional: false });
    expect(place.why).toContain('webgpu takes longer: 9.5 ms');
    expect([now, living()]).toEqual(['wasm', 1]);
  });

  test('is not trusted if it gives something else', async () => {
    const { place, now, living, log } = await tune({ webgpu: { msPerExample: 1, error: 3 } }, { challengers });
    expect(place).toMatchObject({ device: 'wasm', isProvisional: false });
    expect(place.why).toMatch(/webgpu is not trusted: its "y" differs/);
    expect([now, living()]).toEqual(['wasm', 1]);
    expect(log).not.toContain('measure webgpu');
  });

  test('is not tried where wasm is fast', async () => {
    const { place, log } = await tune({ wasm: { msPerExample: 0.2 }, webgpu: { msPerExample: 0.1 } }, { challengers });
    expect(place.why).toContain('not tried');
    expect(log.filter((line) => line.includes('webgpu'))).toEqual([]);
  });

  test.each([
    [{ openFault: new Error('no device') }, /webgpu did not start \(no device\)/],
    [{ faults: [new Error('lost')] }, /webgpu is not trusted: it failed on a batch \(lost\)/],
  ])('costs nothing but a sentence if it fails', async (webgpu, why) => {
    const { place, living } = await tune({ webgpu }, { challengers });
    expect(place).toMatchObject({ device: 'wasm', why: expect.stringMatching(why) });
    expect(living()).toBe(1);
  });

  test('that does not come in time is not waited for, is closed when it comes, and may come another time', async () => {
    vi.useFakeTimers();
    const tuning = tune({ webgpu: { openMs: 60_000 } }, { challengers });
    await vi.advanceTimersByTimeAsync(20_000);
    const { place, living } = await tuning;
    expect(place).toMatchObject({
      device: 'wasm',
      isProvisional: true,
      why: expect.stringContaining('not ready after 20 s'),
    });
    expect(living()).toBe(2);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(living()).toBe(1);
  });
});

describe('a GPU that was asked for', () => {
  test('stays if it gives what wasm gives; the session it was held against is closed', async () => {
    const { place, now, living, notices } = await tune({ webgpu: { error: 0.001 } }, { first: 'webgpu' });
    expect(place.device).toBe('webgpu');
    expect([now, living(), notices]).toEqual(['webgpu', 1, []]);
  });

  test('is left for wasm if it does not, with a notice', async () => {
    const { place, now, living, notices } = await tune({ webgpu: { error: Number.NaN } }, { first: 'webgpu' });
    expect(place).toMatchObject({ device: 'wasm', why: expect.stringContaining('not trusted') });
    expect([now, living()]).toEqual(['wasm', 1]);
    expect(notices).toEqual([expect.stringMatching(/no numbers; the teacher runs on wasm/)]);
  });

  test('is kept where wasm cannot open the model, with a notice', async () => {
    const { now, notices } = await tune({ wasm: { openFault: new Error('too large') } }, { first: 'webgpu' });
    expect(now).toBe('webgpu');
    expect(notices).toEqual([expect.stringContaining('could not be compared')]);
  });
});

describe('the kernels', () => {
  const challengers = ['kernels', 'webgpu'] as const;

  test('are held against onnxruntime, and a GPU against them', async () => {
    const devices = { kernels: { msPerExample: 4 }, webgpu: { msPerExample: 6 } };
    const { place, now, living } = await tune(devices, { challengers });
    expect(place).toMatchObject({ device: 'kernels', isProvisional: false });
    expect(place.why).toMatch(/wasm takes longer: 10 ms.*webgpu takes longer: 6 ms/);
    expect([now, living()]).toEqual(['kernels', 1]);
  });

  test('stand in for wasm where they lead: a GPU is held against them, by name', async () => {
    const devices = { kernels: { msPerExample: 4 }, webgpu: { msPerExample: 1, error: 3 } };
    const { place } = await tune(devices, { challengers });
    expect(place.why).toMatch(/webgpu is not trusted: its "y" differs from kernels's by/);
  });

  test.each([
    ['both are tried', {}, [400, 320, 80, 320, 80]],
    ['a GPU is not, as wasm is fast', { wasm: { msPerExample: 0.5 }, kernels: { msPerExample: 0.2 } }, [400, 640, 160]],
    ['the kernels do not start', { kernels: { openFault: new Error('no tfjs') } }, [400, 640, 160]],
  ])('share the time for measuring with those that are measured: %s', async (_, devices, expected) => {
    const { budgets } = await tune(devices, { challengers });
    // Beside each challenger the champion is measured again.
    expect(budgets).toEqual(expected);
  });

  test('must come nearer than a GPU', async () => {
    const devices = { kernels: { msPerExample: 4, error: 0.01 }, webgpu: { msPerExample: 6, error: 0.01 } };
    const { place } = await tune(devices, { challengers });
    expect(place).toMatchObject({
      device: 'webgpu',
      why: expect.stringMatching(/kernels is not trusted: its "y" differs/),
    });
  });

  test('are tried where wasm is fast, and are left for good where they lack an operator', async () => {
    const openFault = new LimbeckError('unsupported-operator', 'The kernels have no Loop.');
    const { place } = await tune({ wasm: { msPerExample: 0.5 }, kernels: { openFault } }, { challengers });
    expect(place).toMatchObject({ device: 'wasm', isProvisional: false });
    expect(place.why).toMatch(
      /kernels did not start \(The kernels have no Loop.\).*webgpu was not tried, as wasm is fast/,
    );
  });

  test('that were asked for are left for wasm if they give something else, with a notice', async () => {
    const { now, notices } = await tune({ kernels: { error: 0.01 } }, { first: 'kernels' });
    expect([now, notices]).toEqual(['wasm', [expect.stringMatching(/^kernels is not trusted/)]]);
  });
});

test('only the size that was asked for is measured', async () => {
  const { place } = await tune({}, { challengers: ['kernels'] }, [24]);
  expect(place.batchSize).toBe(24);
});

test('where there is one place only, nothing is measured', async () => {
  const { place, log } = await tune({}, { first: 'webgpu' });
  expect(place).toMatchObject({ device: 'webgpu', figures: [] });
  expect(log.filter((line) => line.startsWith('measure'))).toEqual([]);
});

describe('a machine whose load ends, or begins, between two devices', () => {
  const challengers = ['kernels'] as const;

  test.each([
    ['ends: the champion, measured again, is as good', [20, 10], 11, 'wasm'],
    ['begins: the challenger is better beside it', [10, 20], 12, 'kernels'],
  ])('%s, and another start looks again', async (_, wasm, kernels, device) => {
    const devices = { wasm: { msEachTime: wasm }, kernels: { msPerExample: kernels } };
    const { place, now, living } = await tune(devices, { challengers });
    expect(place).toMatchObject({ device, isProvisional: true });
    expect([now, living()]).toEqual([device, 1]);
  });

  test('a slow model is not measured again', async () => {
    const { log } = await tune({ wasm: { msPerExample: 5000 }, kernels: { msPerExample: 4000 } }, { challengers });
    expect(log.filter((line) => line === 'measure wasm')).toHaveLength(1);
  });
});
