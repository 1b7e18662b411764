import { LimbeckError } from '../../core/errors.ts';
import { parseJson } from '../../core/parseJson.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { OnnxTensorDescription } from '../../onnx/describe/description.ts';
import type { ImageInput } from '../../teacher/input/imageOptions.ts';
import { inputPresets } from '../../teacher/input/inputPresets.ts';
import type { ModelInput } from '../../teacher/input/modelInput.ts';
import type { WantedImages } from './readExamples.ts';

/** The option of a command that feeds an ONNX model. */
export const INPUT_OPTION = {
  kind: 'text',
  value: 'HOW',
  help:
    `how an ONNX model wants its examples: ${Object.keys(inputPresets).join(', ')}, or JSON such as ` +
    `'{"mean": 0.5, "stdDev": 0.5}'; what it leaves open is as the file says, with pictures as 0…1`,
} as const;

/** What the only input of a model says of pictures: their size where it is fixed, their channels, and where these lie. */
export interface ImageTensor extends WantedImages {
  readonly layout: 'nchw' | 'nhwc';
}

/** Undefined where a model does not look as if it took pictures. */
export function imageTensor(inputs: readonly OnnxTensorDescription[]): ImageTensor | undefined {
  const shape = inputs.length === 1 ? inputs[0]?.shape : undefined;
  if (shape?.length !== 4) return undefined;
  const isImage = (length: unknown): length is 1 | 3 => length === 1 || length === 3;
  const [, second, third, last] = shape;
  const isFirst = isImage(second);
  const channels = isFirst ? second : last;
  if (!isImage(channels)) return undefined;
  const [height, width] = isFirst ? [third, last] : [second, third];
  const size = typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : undefined;
  return { size, channels, layout: isFirst ? 'nchw' : 'nhwc' };
}

/**
 * How the examples become the model's inputs: as the command line says and, of pictures, where it says nothing, as the file
 * does.
 * Throws    invalid-option: neither a preset nor JSON
 */
export function teacherInput(
  given: string | undefined,
  { inputs }: Dataset,
  tensor: ImageTensor | undefined,
): ModelInput | undefined {
  const said = given === undefined ? undefined : givenInput(given);
  if (said?.kind === 'audio') return said;
  const specs = Object.values(inputs);
  const shape = specs.length === 1 ? specs[0]?.shape : undefined;
  const [height, width, channels] = shape ?? [];
  if (tensor === undefined || shape?.length !== 3 || (channels !== 1 && channels !== 3)) return said;
  const isResized = tensor.size !== undefined && (tensor.size[0] !== height || tensor.size[1] !== width);
  const resized: ImageInput = isResized && tensor.size ? { size: tensor.size, antialias: 'yes' } : {};
  return { layout: tensor.layout, channels: tensor.channels, ...resized, ...said };
}

function givenInput(text: string): ModelInput {
  if (Object.hasOwn(inputPresets, text)) return inputPresets[text as keyof typeof inputPresets];
  return jsonOption('--input', text, `a preset (${Object.keys(inputPresets).join(', ')}) or`) as ModelInput;
}

/** An object of options, written as JSON on the command line. Throws    invalid-option */
export function jsonOption(option: string, text: string, needed = ''): Readonly<Record<string, unknown>> {
  const read = readJson(text);
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>;
  throw new LimbeckError(
    'invalid-option',
    `${option} was "${text}"; it must be ${needed} a JSON object such as '{"name": 0.5}'.`.replace('be  a', 'be a'),
  );
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
