// Remembers which device and batch size suit a model.
import { toModelCache } from '../../network/cache/modelCache.ts';
import { type MeasurementMemory, measurementMemory } from '../../storage/deviceProfile.ts';
import type { Store } from '../../storage/store.ts';
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

export type TuneMemory = MeasurementMemory<TunedPlace>;

/** What the time of a run depends on, except the device. */
export function whatIsTuned(hash: string, options: LoadTeacherOptions, hasOwnThread: boolean): object {
  const { taps, untilTaps, recurrent, outputs, session, threads, device, batchSize } = options;
  return { hash, taps, untilTaps, recurrent, outputs, session, threads, device, batchSize, hasOwnThread };
}

/** The store that keeps it over a reload, if the options name one. */
export function storeOf({ store, cache }: LoadTeacherOptions): Store | undefined {
  return store ?? (cache === undefined ? undefined : toModelCache(cache).store);
}

/** The memory for one model, as it is to run, on this GPU. */
export function tuneMemory(
  { name, ...model }: { readonly name: string },
  gpuName: string,
  store: Store | undefined,
): Promise<TuneMemory> {
  return measurementMemory({ kind: 'teacher', name, what: { model, gpuName }, store, parse: parsePlace });
}

function parsePlace(measured: Readonly<Record<string, unknown>>): TunedPlace | undefined {
  const { device, batchSize, figures, why } = measured as Partial<TunedPlace>;
  const isOrts = device === 'wasm' || device === 'webgpu' || device === 'webnn' || device === 'native';
  const isDevice = isOrts || device === 'kernels';
  const isWhole =
    isDevice && (batchSize === undefined || isSize(batchSize)) && typeof why === 'string' && Array.isArray(figures);
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
