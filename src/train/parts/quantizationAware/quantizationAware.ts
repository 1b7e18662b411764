import { LimbeckError } from '../../../core/errors.ts';
import { invalidOption } from '../../../core/options.ts';
import { count, flag, fraction, given, type OptionsOf, oneOf, schema } from '../../../core/schema.ts';

export interface QuantizationAwareOption {
  /**
   * Whether the student learns with weights and activations rounded as in an int8 export. Metrics of the holdout are then
   * those of the rounded student; the result is still in float32. Default false.
   */
  readonly quantizationAware?: boolean | QuantizationAwareOptions;
}

export interface QuantizationAwareReported {
  /** How the student was rounded in a quantization-aware run; every metric from `startStep` on is the rounded student's. */
  readonly quantizationAware?: QuantizationReport | undefined;
}

const OPTIONS = schema('quantizationAware', {
  /** Bits of a weight, from 2 to 8. Default 8. */
  weightBits: count(2)(8),
  /** Bits of activations between layers; 'none' leaves them in float32. Default 8. */
  activationBits: oneOf<8 | 'none'>(8, 'none')(8),
  /** Whether each output channel of a weight gets its own range; use the same in the export. Default true. */
  perChannel: flag(true),
  /**
   * The fraction of steps taken in float32 first, from 0 to below 1: the ranges of an untrained student mean little, and
   * rounding disturbs it. Default 0.5: half to learn, half to adapt.
   */
  startFraction: fraction(0.5),
  /** The share of a moving range that a step keeps, from 0 to below 1. Default 0.99. */
  momentum: fraction(0.99),
  /** Names of layers that stay in float32, weights and outputs. Default: none. */
  exclude: given<readonly string[]>(checkNames),
});

/** How a student learns to be quantized. Plain values: it crosses to the worker that trains. */
export interface QuantizationAwareOptions extends OptionsOf<typeof OPTIONS> {}

export type QuantizationSettings = Required<QuantizationAwareOptions>;

/** What a quantization-aware run did, as plain values. */
export interface QuantizationReport {
  readonly weightBits: number;
  readonly activationBits: 8 | 'none';
  readonly perChannel: boolean;
  /** The first step with fake quantization, counted from 1 over all epochs; undefined if there was none. */
  readonly startStep: number | undefined;
  /** Names of the layers whose weights were rounded. */
  readonly layers: readonly string[];
  /** Minimum and maximum of each rounded tensor, by the name of its input or layer. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
}

/**
 * Source    Jacob et al. 2018, §3.1, arXiv:1712.05877 (float activations first, moving ranges) · Krishnamoorthi 2018,
 *           §3.2, arXiv:1806.08342 (from a student that is trained in float) · momentum: PyTorch's
 *           MovingAverageMinMaxObserver
 */
export function quantizationSettings(options: true | QuantizationAwareOptions): QuantizationSettings {
  const { exclude = [], ...settings } = OPTIONS.read(options === true ? {} : options);
  return { ...settings, exclude };
}

/** Throws    invalid-option: unknown option, bits outside 2 to 8, a fraction outside [0, 1), bad names */
export function checkQuantizationAware(options: boolean | QuantizationAwareOptions): void {
  if (typeof options === 'boolean') return;
  if (typeof options !== 'object' || options === null) {
    throw new LimbeckError(
      'invalid-option',
      `"quantizationAware" was ${String(options)}; it must be true or its options.`,
    );
  }
  const { weightBits, startFraction, momentum } = quantizationSettings(options);
  if (weightBits > 8) throw invalidOption('weightBits', weightBits, 'a whole number from 2 to 8');
  for (const [name, value] of Object.entries({ startFraction, momentum })) {
    if (value === 1) throw invalidOption(name, value, 'below 1');
  }
}

function checkNames(exclude: readonly string[]): void {
  if (Array.isArray(exclude) && exclude.every((name) => typeof name === 'string')) return;
  throw invalidOption('exclude', exclude, 'a list of names of layers');
}
