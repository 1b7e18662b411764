import { afterEach, describe, expect, test, vi } from 'vitest';
import { VERSIONS } from '../core/versions.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import { clockStepMs } from './clockStep.ts';
import { detectEnvironment } from './detectEnvironment.ts';
import { engineOf, systemOf } from './platformNames.ts';

afterEach(() => void vi.unstubAllGlobals());

const inPage = (navigator: object) => {
  vi.stubGlobal('location', { href: 'https://example.org/' });
  vi.stubGlobal('navigator', { hardwareConcurrency: 4, ...navigator });
};

const CHROMIUM =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36';

test('in Node it tells the machine, and measures clock and peak', async () => {
  const environment = await detectEnvironment({ assetBase: builtAssets() });
  const { engine, cores, clockMs, vectorPeakGflops, memoryBytes, simdLevel, versions, why } = environment;
  expect(engine).toMatch(/^Node \d+\.\d+$/);
  expect(cores).toBeGreaterThan(0);
  expect(clockMs).toBeGreaterThan(0);
  expect(simdLevel).toBe('relaxed');
  // A core that does fewer than a hundred million operations a second, or more than a few hundred billion, is none.
  expect(vectorPeakGflops).toBeGreaterThan(0.1);
  expect(vectorPeakGflops).toBeLessThan(500);
  expect(memoryBytes).toBeGreaterThan(2 ** 20);
  expect(versions).toEqual(VERSIONS);
  expect(why['webgpu']).toBe('This browser offers no WebGPU here.');
  // It is JSON as it stands.
  expect(JSON.parse(JSON.stringify(environment))).toEqual(environment);
});

test('in a page it tells what the browser tells, and why not the rest', async () => {
  inPage({ userAgent: CHROMIUM, deviceMemory: 8, getBattery: async () => ({ charging: false, level: 0.5 }) });
  const known = await detectEnvironment({ assetBase: builtAssets() });
  expect(known).toMatchObject({ engine: 'Chromium 156', os: 'Linux', cores: 4, memoryBytes: 8 * 2 ** 30 });
  expect(known.power).toEqual({ isCharging: false, levelFraction: 0.5 });
  expect(Object.keys(known.why).sort()).toEqual(expect.arrayContaining(['processor', 'webgpu']));
  inPage({ getBattery: () => Promise.reject(new Error('not allowed')) });
  const little = await detectEnvironment({ assetBase: builtAssets() });
  expect(little.engine).toBe('unknown');
  expect(little).not.toHaveProperty('power');
  expect(Object.keys(little.why)).toEqual(expect.arrayContaining(['processor', 'os', 'memory', 'power']));
});

test('an adapter tells its limits and features, which are getters', async () => {
  class Limits {
    get maxBufferSize() {
      return 2 ** 28;
    }
  }
  Object.defineProperty(Limits.prototype, 'maxBufferSize', { enumerable: true });
  const adapter = { info: { vendor: 'maker' }, limits: new Limits(), features: new Set(['shader-f16', 'bgra8']) };
  inPage({ gpu: { requestAdapter: async () => adapter } });
  expect((await detectEnvironment({ assetBase: builtAssets() })).gpu).toEqual({
    name: 'maker',
    isSoftware: false,
    limits: { maxBufferSize: 2 ** 28 },
    features: ['bgra8', 'shader-f16'],
  });
});

test('a peak that cannot be measured is left out, with the reason', async () => {
  const environment = await detectEnvironment({ assetBase: new URL('nowhere/', import.meta.url).href });
  expect(environment).not.toHaveProperty('vectorPeakGflops');
  expect(environment.why['vectorPeak']).toMatch(/^It was not measured: .*peak-relaxed\.wasm/);
});

describe('the step of the clock', () => {
  const ticking = (stepMs: number) => {
    let [time, calls] = [0, 0];
    return () => {
      calls++;
      time += 0.03;
      return calls > 1e6 ? Number.NaN : Math.floor(time / stepMs) * stepMs;
    };
  };
  test.each([0.1, 1])('of %s ms is found', (step) => expect(clockStepMs(ticking(step))).toBeCloseTo(step, 9));
  test('that is too coarse, or stands still, ends', () => {
    expect(clockStepMs(ticking(100))).toBe(20);
    expect(clockStepMs(() => 5)).toBe(20);
  });
});

const IOS = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
test.each([
  [CHROMIUM, 'Chromium 156', 'Linux'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox 140', 'Linux'],
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${IOS} Version/26.0 Safari/605.1.15`, 'Safari 26.0', 'macOS'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${IOS} Version/18.5 Safari/605.1.15`, 'WebKit 18.5', 'Linux'],
  [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${IOS} CriOS/140.0 Mobile/15E148`, 'WebKit 605', 'iOS 18'],
  ['Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0', 'Edge 156', 'Windows 10.0'],
  ['Mozilla/5.0 (Linux; Android 15; K) Chrome/156.0 Mobile Safari/537.36', 'Chromium 156', 'Android 15'],
  ['curl', undefined, undefined],
])('%s: engine and system are known', (userAgent, engine, system) => {
  expect([engineOf(userAgent), systemOf(userAgent)]).toEqual([engine, system]);
});
