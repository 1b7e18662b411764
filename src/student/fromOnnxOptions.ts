import { LimbeckError } from '../core/errors.ts';
import { checkOneOf } from '../core/options.ts';
import { given, type OptionsOf, oneOf, type Read, schema } from '../core/schema.ts';

/** The options of `fromOnnx`, in a file that loads no tfjs. */
export const FROM_ONNX = schema('fromOnnx', {
  /**
   * The layout of images: 'channels-last' takes [B, H, W, C] for the model's [B, C, H, W], and returns images in that
   * order too; 'as-is' keeps the model's own order of axes. Inputs that no convolution or pooling reads always keep
   * theirs. Default 'channels-last'.
   */
  inputLayout: oneOf('channels-last', 'as-is')('channels-last'),
  /** The student's name. Default 'imported'. */
  name: given<string>((name) => {
    if (typeof name !== 'string' || name === '') throw wrong('name', name, 'a word');
  }, 'imported'),
  /** Whole shapes in the model's own order of axes, batch included, to fix free lengths; null leaves one free. */
  inputShapes: given<Readonly<Record<string, readonly (number | null)[]>>>(),
  /**
   * Fixed values of inputs of one element, such as a sample rate: branches that they decide are resolved, and the
   * inputs are removed.
   */
  inputValues: given<Readonly<Record<string, number>>>(),
  /** What learns: everything, nothing, or these layers or nodes. Default 'all'. */
  trainable: given<'all' | 'none' | readonly string[]>((trainable) => {
    if (typeof trainable === 'string') checkOneOf(trainable, 'trainable', ['all', 'none']);
    else if (!isNames(trainable)) throw wrong('trainable', trainable, "'all', 'none' or a list of names");
  }, 'all'),
  /**
   * Values of the model that become the student's outputs; nodes that only other outputs need are left out. Default:
   * the model's own.
   */
  outputs: given<readonly string[]>((outputs) => {
    if (!isNames(outputs) || outputs.length === 0) throw wrong('outputs', outputs, 'a list of at least one name');
  }),
});

/** How an ONNX model becomes a student. */
export interface FromOnnxOptions extends OptionsOf<typeof FROM_ONNX> {}

export type ReadFromOnnxOptions = Read<typeof FROM_ONNX>;

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function wrong(option: string, value: unknown, needed: string): LimbeckError {
  return new LimbeckError('invalid-option', `"${option}" of fromOnnx was ${String(value)}; it must be ${needed}.`, {
    details: { option },
  });
}
