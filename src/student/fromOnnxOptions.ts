import { LimbeckError } from '../core/errors.ts';
import { checkKnownOptions, checkOneOf } from '../core/options.ts';

/** How an ONNX model becomes a student. */
export interface FromOnnxOptions {
  /**
   * How images enter: 'channels-last' takes [B, H, W, C] for what the model calls [B, C, H, W] and gives images back so;
   * 'as-is' keeps the model's own order of axes. Inputs that no convolution or pooling reads always keep theirs.
   * @default 'channels-last'
   */
  readonly inputLayout?: 'channels-last' | 'as-is';
  /** The student's name. @default 'imported' */
  readonly name?: string;
  /** Whole shapes in the model's own order of axes, batch included, to fix free lengths; null leaves one free. */
  readonly inputShapes?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Values of inputs of one element, such as a sample rate: branches that they decide are taken, and the inputs go. */
  readonly inputValues?: Readonly<Record<string, number>>;
  /** What learns: everything, nothing, or these layers or nodes. @default 'all' */
  readonly trainable?: 'all' | 'none' | readonly string[];
  /** Values of the model that become the student's outputs; what only others need is left out. Default: the model's own. */
  readonly outputs?: readonly string[];
}

/** Throws    invalid-option */
export function checkFromOnnxOptions(options: FromOnnxOptions): void {
  checkKnownOptions(options, ['inputLayout', 'name', 'inputShapes', 'inputValues', 'trainable', 'outputs'], 'fromOnnx');
  const { inputLayout = 'channels-last', name = 'imported', trainable = 'all', outputs } = options;
  checkOneOf(inputLayout, 'inputLayout', ['channels-last', 'as-is']);
  if (typeof name !== 'string' || name === '') throw wrong('name', name, 'a word');
  if (typeof trainable === 'string') checkOneOf(trainable, 'trainable', ['all', 'none']);
  else if (!isNames(trainable)) throw wrong('trainable', trainable, "'all', 'none' or a list of names");
  if (outputs !== undefined && (!isNames(outputs) || outputs.length === 0)) {
    throw wrong('outputs', outputs, 'a list of at least one name');
  }
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function wrong(option: string, value: unknown, needed: string): LimbeckError {
  return new LimbeckError('invalid-option', `"${option}" of fromOnnx was ${String(value)}; it must be ${needed}.`, {
    details: { option },
  });
}
