import { messageOf } from '../core/errors.ts';
import { isPage, nodeModule } from '../core/node.ts';
import { clockStepMs } from '../core/timing.ts';
import { versionsHere } from '../core/versions.ts';
import { detectWasm } from '../runtime/capabilities.ts';
import { findGpu, type GpuAdapter } from '../runtime/ortDevices.ts';
import type { Environment } from './environment.ts';
import { engineOf, systemOf } from './platformNames.ts';
import { vectorPeak } from './vectorPeak.ts';

/** What pages may ask; TypeScript's library does not describe all of it. */
interface TellingNavigator {
  readonly userAgent?: string;
  readonly userAgentData?: { readonly platform?: string };
  /** GiB, a power of two, and never more than 8 or 32. Only Chromium tells it. */
  readonly deviceMemory?: number;
  getBattery?(): Promise<{ readonly charging: boolean; readonly level: number }>;
}

type Told = Pick<Environment, 'engine' | 'os' | 'processor' | 'memoryBytes' | 'power'>;

const GIB = 2 ** 30;
const WITHHELD = 'Browsers do not tell it.';
const NO_BATTERY = 'There is no battery.';
const NO_POWER = 'This platform does not tell it.';

/**
 * Says on what a report was made, in a page, a worker or Node: what explains the figures, and nothing that only tells one person's
 * machine from another's. It measures the clock's step and one core's vector peak, in about 50 ms between which events are
 * served, asks WebGPU for its adapter, and sends nothing anywhere.
 */
export async function detectEnvironment({ assetBase }: { readonly assetBase?: string } = {}): Promise<Environment> {
  const [wasm, found] = await Promise.all([detectWasm(), findGpu()]);
  const why: Record<string, string> = { ...wasm.why };
  const told = isPage() ? await toldByBrowser(why) : await toldByNode(why);
  if (found.obstacle !== undefined) why['webgpu'] = found.obstacle;
  const clockMs = clockStepMs();
  const peak = await vectorPeakOf(wasm.simdLevel, clockMs, assetBase, why);
  return {
    ...told,
    cores: wasm.cores,
    isIsolated: wasm.isIsolated,
    simdLevel: wasm.simdLevel,
    ...(peak !== undefined && { vectorPeakGflops: peak }),
    clockMs,
    ...(found.obstacle === undefined && {
      gpu: { name: found.name, isSoftware: found.isSoftware, ...abilitiesOf(found.adapter) },
    }),
    versions: versionsHere(),
    why,
  };
}

async function vectorPeakOf(
  simdLevel: Environment['simdLevel'],
  clockMs: number,
  assetBase: string | undefined,
  why: Record<string, string>,
): Promise<number | undefined> {
  if (simdLevel === 'none') {
    why['vectorPeak'] = 'There are no vectors in WebAssembly here.';
    return undefined;
  }
  try {
    return await vectorPeak(simdLevel, clockMs, assetBase);
  } catch (error) {
    why['vectorPeak'] = `It was not measured: ${messageOf(error)}`;
    return undefined;
  }
}

async function toldByBrowser(why: Record<string, string>): Promise<Told> {
  const given = (globalThis.navigator ?? {}) as unknown as TellingNavigator;
  const { userAgent = '', userAgentData, deviceMemory } = given;
  const os = systemOf(userAgent) ?? userAgentData?.platform;
  const power = await given.getBattery?.().then(
    ({ charging, level }) => ({ isCharging: charging, levelFraction: level }),
    () => undefined,
  );
  why['processor'] = WITHHELD;
  if (os === undefined || os === '') why['os'] = 'The browser does not tell it.';
  if (deviceMemory === undefined) why['memory'] = 'Only Chromium tells it, on secure pages.';
  if (power === undefined) why['power'] = 'Only Chromium tells it, in pages.';
  return {
    engine: engineOf(userAgent) ?? 'unknown',
    ...(os !== undefined && os !== '' && { os }),
    ...(deviceMemory !== undefined && { memoryBytes: deviceMemory * GIB }),
    ...(power !== undefined && { power }),
  };
}

async function toldByNode(why: Record<string, string>): Promise<Told> {
  const os = nodeModule<typeof import('node:os')>('os');
  const processor = os?.cpus()[0]?.model.trim();
  const power = await powerOfLinux(why);
  return {
    engine: serverEngine(),
    ...(os !== undefined && { os: `${os.type()} ${os.release().replace(/^(\d+\.\d+).*/, '$1')}, ${os.arch()}` }),
    ...(processor !== undefined && processor !== '' && { processor }),
    ...(os !== undefined && { memoryBytes: os.totalmem() }),
    ...(power !== undefined && { power }),
  };
}

/** 'Node 20.19', 'Bun 1.4', 'Deno 2.9'. */
function serverEngine(): string {
  const { versions = {} } = (globalThis as { process?: { versions?: Readonly<Record<string, string>> } }).process ?? {};
  const name = ['bun', 'deno', 'node'].find((one) => versions[one] !== undefined);
  if (name === undefined) return 'unknown';
  return `${name[0]?.toUpperCase()}${name.slice(1)} ${versions[name]?.split('.').slice(0, 2).join('.')}`;
}

/** Where Linux tells batteries and mains, a folder each. */
const SUPPLIES = '/sys/class/power_supply';

async function powerOfLinux(why: Record<string, string>): Promise<Told['power']> {
  const files = nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const supplies = await files?.readdir(SUPPLIES).catch(() => undefined);
  const read = async (name: string, of: string) => (await files?.readFile(`${SUPPLIES}/${name}/${of}`, 'utf8'))?.trim();
  why['power'] = supplies === undefined ? NO_POWER : NO_BATTERY;
  for (const name of supplies ?? []) {
    try {
      if ((await read(name, 'type')) !== 'Battery') continue;
      const level = Number(await read(name, 'capacity')) / 100;
      if (!(level >= 0 && level <= 1)) continue;
      delete why['power'];
      return { isCharging: (await read(name, 'status')) !== 'Discharging', levelFraction: level };
    } catch {
      // A battery that does not answer tells nothing.
    }
  }
  return undefined;
}

/** Limits are getters of the prototype, so they are read by name. */
function abilitiesOf({ limits = {}, features = [] }: GpuAdapter = {}) {
  const numbers: [string, number][] = [];
  for (const name in limits) {
    const value: unknown = (limits as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'number') numbers.push([name, value]);
  }
  return { limits: Object.fromEntries(numbers), features: [...features].sort() };
}
