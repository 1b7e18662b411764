import { LimbeckError } from '../../../core/errors.ts';
import { checkCount, checkFraction, checkKnownOptions, checkOneOf } from '../../../core/options.ts';

export interface QuantizationAwareOption {
  /**
   * Whether the student learns with its weights and activations rounded as an int8 export will round them; metrics of
   * the holdout are then those of the rounded student. It comes out in float32 all the same. Default false.
   */
  readonly quantizationAware?: boolean | QuantizationAwareOptions;
}

export interface QuantizationAwareReported {
  /** How the student was rounded in a quantization-aware run; every metric from `startStep` on is the rounded student's. */
  readonly quantizationAware?: QuantizationReport | undefined;
}

/** How a student learns to be quantized. Plain values: it crosses to the worker that trains. */
export interface QuantizationAwareOptions {
  /** Bits of a weight, from 2 to 8. Default 8. */
  readonly weightBits?: number;
  /** Bits of what layers give each other; 'none' leaves that in float32. Default 8. */
  readonly activationBits?: 8 | 'none';
  /** Whether each output channel of a weight gets a range of its own, as the export is told. Default true. */
  readonly perChannel?: boolean;
  /**
   * The fraction of all steps that are taken in float32 first, from 0 to below 1: ranges of a student that knows nothing
   * yet say little, and rounding disturbs it. Default 0.5: half to learn, half to adapt.
   */
  readonly startFraction?: number;
  /** The share of a moving range that a step keeps, from 0 to below 1. Default 0.99. */
  readonly momentum?: number;
  /** Names of layers that stay in float32, weights and outputs. Default none. */
  readonly exclude?: readonly string[];
}

export type QuantizationSettings = Required<QuantizationAwareOptions>;

/** What a quantization-aware run did, as plain values. */
export interface QuantizationReport {
  readonly weightBits: number;
  readonly activationBits: 8 | 'none';
  readonly perChannel: boolean;
  /** The first step that was taken with fake quantization, counted from 1 over all epochs; undefined: none was. */
  readonly startStep: number | undefined;
  /** Names of the layers whose weights were rounded. */
  readonly layers: readonly string[];
  /** Least and most of each rounded tensor, by the name of the input or of the layer that gives it. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
}

const OPTIONS = ['weightBits', 'activationBits', 'perChannel', 'startFraction', 'momentum', 'exclude'];

/**
 * Source    Jacob et al. 2018, §3.1, arXiv:1712.05877 (float activations first, moving ranges) · Krishnamoorthi 2018,
 *           §3.2, arXiv:1806.08342 (from a student that is trained in float) · momentum: PyTorch's
 *           MovingAverageMinMaxObserver
 */
export function quantizationSettings(given: true | QuantizationAwareOptions): QuantizationSettings {
  const options: QuantizationAwareOptions = given === true ? {} : given;
  const { weightBits = 8, activationBits = 8, perChannel = true } = options;
  const { startFraction = 0.5, momentum = 0.99, exclude = [] } = options;
  return { weightBits, activationBits, perChannel, startFraction, momentum, exclude };
}

/** Throws    invalid-option: unknown option, bits outside 2 to 8, a fraction outside [0, 1), names that are none */
export function checkQuantizationAware(given: boolean | QuantizationAwareOptions): void {
  if (typeof given === 'boolean') return;
  if (typeof given !== 'object' || given === null) {
    throw new LimbeckError(
      'invalid-option',
      `"quantizationAware" was ${String(given)}; it must be true or its options.`,
    );
  }
  checkKnownOptions(given, OPTIONS, 'quantizationAware');
  const { weightBits, activationBits, perChannel, startFraction, momentum, exclude } = quantizationSettings(given);
  if (checkCount(weightBits, 'weightBits', 2) > 8)
    throw outside('weightBits', weightBits, 'a whole number from 2 to 8');
  checkOneOf(activationBits, 'activationBits', [8, 'none']);
  if (typeof perChannel !== 'boolean') throw outside('perChannel', perChannel, 'true or false');
  for (const [name, value] of Object.entries({ startFraction, momentum })) {
    if (checkFraction(value, name) === 1) throw outside(name, value, 'below 1');
  }
  const areNames = Array.isArray(exclude) && exclude.every((name) => typeof name === 'string');
  if (!areNames) throw outside('exclude', exclude, 'a list of names of layers');
}

function outside(name: string, value: unknown, needed: string): LimbeckError {
  return new LimbeckError('invalid-option', `"${name}" was ${String(value)}; it must be ${needed}.`, {
    details: { name, value: typeof value === 'number' ? value : String(value) },
  });
}
