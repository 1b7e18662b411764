import { canonicalJson } from '../core/canonicalJson.ts';
import { sha256 } from '../core/hash.ts';
import { versionsHere } from '../core/versions.ts';
import type { Store } from './store.ts';

/** What was measured: which device and batch size suit a teacher, or how many threads a student's steps. */
export type MeasurementKind = 'teacher' | 'training';

/** One thing that was measured on this device, from real work. */
export interface DeviceMeasurement {
  readonly kind: MeasurementKind;
  /** The model's name, for people. */
  readonly name: string;
  /** When, as ISO 8601, UTC. */
  readonly date: string;
  /** Figures and what was chosen by them, as plain values. */
  readonly measured: Readonly<Record<string, unknown>>;
}

/** What limbeck knows of this browser on this device. */
export interface DeviceProfile {
  /** If any of it changes, everything is measured again. */
  readonly device: {
    readonly userAgent: string;
    readonly cores: number;
    readonly isIsolated: boolean;
    readonly versions: Readonly<Record<string, string>>;
  };
  /** The newest first. */
  readonly measurements: readonly DeviceMeasurement[];
}

/** Where one measurement is kept. */
export interface MeasurementMemory<T> {
  /** Undefined if it was never measured here, or cannot be read. */
  recall(): Promise<T | undefined>;
  remember(value: T): Promise<void>;
}

export interface MeasurementOptions<T> {
  readonly kind: MeasurementKind;
  readonly name: string;
  /** All that the figures depend on, besides the device, as plain values. */
  readonly what: object;
  /** Keeps it over a reload. Default: the store of `keepDeviceProfile`, if any. */
  readonly store?: Store | undefined;
  /** Stored bytes are anyone's; undefined for a value of another form. */
  readonly parse: (measured: Readonly<Record<string, unknown>>) => T | undefined;
}

const PREFIX = 'device-profile/';
/** To be changed with the layout of what is kept, and with how choices are made. */
const FORMAT = 4;
/** The oldest make room. */
const MOST_KEPT = 200;
/** A measurement takes some hundred bytes; more is none of ours. */
const MOST_BYTES = 64 * 1024;

/** Until the page is left. */
const pageMemory = new Map<string, DeviceMeasurement>();
let keptIn: Store | undefined;

function deviceHere(): DeviceProfile['device'] {
  const { userAgent = '', hardwareConcurrency: cores = 1 } = (globalThis.navigator as Navigator | undefined) ?? {};
  return { userAgent, cores, isIsolated: globalThis.crossOriginIsolated === true, versions: versionsHere() };
}

async function folderHere(): Promise<string> {
  return `${PREFIX}${await hashOf({ FORMAT, device: deviceHere() })}/`;
}

async function hashOf(value: object): Promise<string> {
  return (await sha256(new TextEncoder().encode(canonicalJson(value)))).slice(0, 32);
}

/**
 * Keeps what limbeck measures about this device in a store, so that after a reload teachers and trainers begin with it: the
 * device and batch size of each teacher, the threads of each student. Measurements are figures and names of models; nothing is
 * sent anywhere. They are made again when the browser, the model or a version changes. Teachers with a `store` or a `cache` of
 * their own use that. Undefined: from now on nothing is kept beyond the page. The store stays the caller's.
 */
export function keepDeviceProfile(store: Store | undefined): void {
  keptIn = store;
}

/** What is known of this device: measured on this page, or kept in the store of `keepDeviceProfile`. */
export async function deviceProfile(): Promise<DeviceProfile> {
  const folder = await folderHere();
  const found = new Map<string, DeviceMeasurement>();
  for (const key of (await keptIn?.keys(folder).catch(() => [])) ?? []) {
    const read = await readFrom(keptIn, key);
    if (read !== undefined) found.set(key, read);
  }
  for (const [key, measurement] of pageMemory) if (key.startsWith(folder)) found.set(key, measurement);
  const measurements = [...found.values()].sort((a, b) => (a.date < b.date ? 1 : -1));
  return { device: deviceHere(), measurements };
}

/** Forgets all of it, on this page and in the store of `keepDeviceProfile`: everything is measured again. */
export async function clearDeviceProfile(): Promise<void> {
  pageMemory.clear();
  for (const key of (await keptIn?.keys(PREFIX)) ?? []) await keptIn?.delete(key);
}

/** The memory for one measurement. A store that fails is ignored: it is measured again then. */
export async function measurementMemory<T extends object>(
  options: MeasurementOptions<T>,
): Promise<MeasurementMemory<T>> {
  const { kind, name, what, parse, store = keptIn } = options;
  const folder = await folderHere();
  const key = `${folder}${kind}-${await hashOf(what)}`;
  return {
    async recall() {
      const known = pageMemory.get(key) ?? (await readFrom(store, key));
      return known && parse(known.measured);
    },
    async remember(value) {
      const isNew = !pageMemory.has(key);
      const measurement = {
        kind,
        name,
        date: new Date().toISOString(),
        measured: { ...(value as Readonly<Record<string, unknown>>) },
      };
      pageMemory.set(key, measurement);
      if (store === undefined) return;
      try {
        if (isNew) await makeRoom(store, folder);
        await store.put(key, new TextEncoder().encode(JSON.stringify(measurement)));
      } catch {
        // It stays known to the page.
      }
    },
  };
}

/** Removes what was measured with another browser or version, and what is beyond the most. */
async function makeRoom(store: Store, folder: string): Promise<void> {
  const keys = await store.keys(PREFIX);
  const own = keys.filter((key) => key.startsWith(folder));
  const dropped = own.length < MOST_KEPT ? [] : own.slice(0, own.length - MOST_KEPT + 1);
  for (const key of keys) if (!key.startsWith(folder) || dropped.includes(key)) await store.delete(key);
}

async function readFrom(store: Store | undefined, key: string): Promise<DeviceMeasurement | undefined> {
  try {
    const bytes = await store?.get(key);
    if (bytes === undefined || bytes.length > MOST_BYTES) return undefined;
    const { kind, name, date, measured } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<DeviceMeasurement>;
    const isWhole = typeof name === 'string' && typeof date === 'string' && typeof measured === 'object';
    if (!isWhole || measured === null || (kind !== 'teacher' && kind !== 'training')) return undefined;
    return { kind, name, date, measured };
  } catch {
    return undefined;
  }
}
