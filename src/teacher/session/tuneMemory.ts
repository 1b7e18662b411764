// Remembers measurements, by model and device, in a store, or until the page is closed.
import { sha256 } from '../../core/hash.ts';
import { toModelCache } from '../../network/cache/modelCache.ts';
import type { Store } from '../../storage/store.ts';
import { canonicalJson } from '../onnxIdentity.ts';
import type { LoadTeacherOptions } from '../onnxOptions.ts';
import type { SizeFigure } from './batchSizes.ts';
import type { SessionDevice } from './sessionSettings.ts';

/** The result of measuring, and of the work since. */
export interface TunedPlace {
  readonly device: SessionDevice;
  /** Undefined until a best size is known. */
  readonly batchSize?: number | undefined;
  /** What batches of each size cost there. */
  readonly figures: readonly SizeFigure[];
  /** Why this device, in a sentence or two. */
  readonly why: string;
}

export interface TuneMemory {
  recall(): Promise<TunedPlace | undefined>;
  remember(place: TunedPlace): Promise<void>;
}

/** To be changed with the layout of what is kept, and with the choice of devices. */
const FORMAT = 3;

const pageMemory = new Map<string, TunedPlace>();

/** What the time of a run depends on, except the device. */
export function whatIsTuned(hash: string, options: LoadTeacherOptions, hasOwnThread: boolean): object {
  const { taps, untilTaps, recurrent, outputs, session, threads, device, batchSize } = options;
  return { hash, taps, untilTaps, recurrent, outputs, session, threads, device, batchSize, hasOwnThread };
}

/** The store that keeps it over a reload. */
export function storeOf({ store, cache }: LoadTeacherOptions): Store | undefined {
  return store ?? (cache === undefined ? undefined : toModelCache(cache).store);
}

/** The memory for one model, as it is to run, on this browser and device. A store that fails is ignored. */
export async function tuneMemory(model: object, gpuName: string, store: Store | undefined): Promise<TuneMemory> {
  const { userAgent = '', hardwareConcurrency = 1 } = (globalThis.navigator as Navigator | undefined) ?? {};
  const device = { userAgent, hardwareConcurrency, gpuName, isIsolated: globalThis.crossOriginIsolated === true };
  const hash = await sha256(new TextEncoder().encode(canonicalJson({ FORMAT, model, device })));
  const key = `teacher-tuning/${hash}`;
  return {
    async recall() {
      const here = pageMemory.get(key);
      if (here !== undefined || store === undefined) return here;
      try {
        const bytes = await store.get(key);
        return bytes && parsePlace(new TextDecoder().decode(bytes));
      } catch {
        return undefined;
      }
    },
    async remember(place) {
      pageMemory.set(key, place);
      await store?.put(key, new TextEncoder().encode(JSON.stringify(place))).catch(() => undefined);
    },
  };
}

function parsePlace(text: string): TunedPlace | undefined {
  const { device, batchSize, figures, why } = JSON.parse(text) as Partial<TunedPlace>;
  const isOrts = device === 'wasm' || device === 'webgpu' || device === 'webnn' || device === 'native';
  const isDevice = isOrts || device === 'kernels';
  const isWhole = isDevice && isSize(batchSize) && typeof why === 'string' && Array.isArray(figures);
  return isWhole && figures.every(isFigure) ? { device, batchSize, figures, why } : undefined;
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

function isFigure(value: unknown): value is SizeFigure {
  const { batchSize, msPerExample, spreadFraction } = (value ?? {}) as Partial<SizeFigure>;
  return isSize(batchSize) && isPositive(msPerExample) && isPositive(spreadFraction);
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
