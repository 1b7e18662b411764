import { LimbeckError } from '../core/errors.ts';
import { pixelsAsFloats } from '../core/pixels.ts';
import { dtypeOf, type NdArray } from '../core/shape.ts';
import type * as tf from '../runtime/tf.ts';
import type { Layer } from '../runtime/tfNamespace.ts';

/**
 * How an input reads bytes: as pixels of 0…1; as whole numbers, such as the ids of an embedding; or not at all, because
 * a layer of the model scales pixels itself.
 */
type ByteReading = 'pixels' | 'whole' | 'scales-itself';

/** Layers that move values without changing them. */
const MOVING = new Set(
  'Reshape Flatten Permute Masking Dropout RepeatVector ZeroPadding1D ZeroPadding2D Cropping2D CenterCrop Resizing'.split(
    ' ',
  ),
);
const READS_IDS = new Set(['Embedding', 'TokenBag', 'CategoryEncoding']);
/** A factor below this rescales pixels of 0…255. */
const SMALL_FACTOR = 1 / 64;

const known = new WeakMap<tf.LayersModel, readonly ByteReading[]>();

/**
 * Converts an array for a model's input: bytes of pixels to 0…1.
 * Throws    invalid-option: bytes for a model that scales pixels itself, or numbers of another type
 */
export function readBytes(model: tf.LayersModel, i: number, array: NdArray): NdArray {
  if (dtypeOf(array.data) !== 'uint8') return array;
  if (!known.has(model)) known.set(model, model.inputs.map(readingOf));
  const reading = known.get(model)?.[i];
  if (reading === 'pixels') return pixelsAsFloats(array);
  if (reading === 'whole') {
    const { data, shape } = array;
    return { data: model.inputs[i]?.dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data), shape };
  }
  const name = model.inputNames[i];
  throw new LimbeckError(
    'invalid-option',
    `The student's input "${name}" was given bytes, which a student reads as pixels of 0…1, and its first layer scales ` +
      'pixels of 0…255 itself. Give the numbers that this layer takes: Float32Array.from(bytes).',
    { details: { name } },
  );
}

/** The class names of the layers that read an input first, skipping 'InputLayer' and layers that only move values. */
export function firstReaders({ sourceLayer }: tf.SymbolicTensor): string[] {
  return readersOf(sourceLayer, new Set()).map((layer) => layer.getClassName());
}

/** Whether an input holds whole numbers, such as ids. */
export function isWhole(input: tf.SymbolicTensor): boolean {
  return readingOf(input) === 'whole';
}

function readingOf({ dtype, sourceLayer }: tf.SymbolicTensor): ByteReading {
  if (dtype === 'int32') return 'whole';
  const readers = readersOf(sourceLayer, new Set());
  if (readers.some((layer) => READS_IDS.has(layer.getClassName()))) return 'whole';
  return readers.some(scalesPixels) ? 'scales-itself' : 'pixels';
}

/** The first layers after an input that compute something with it. */
function readersOf(layer: Layer, seen: Set<Layer>): Layer[] {
  if (seen.has(layer)) return [];
  seen.add(layer);
  return layer.outboundNodes.flatMap(({ outboundLayer: next }) => {
    const inner = (next as Partial<tf.LayersModel>).inputLayers;
    if (inner !== undefined) return inner.flatMap((one) => readersOf(one, seen));
    return MOVING.has(next.getClassName()) ? readersOf(next, seen) : [next];
  });
}

/** Whether a layer is a factor for pixels of 0…255: tfjs's own, or a node of an imported model. */
function scalesPixels(layer: Layer): boolean {
  const className = layer.getClassName();
  if (className !== 'Rescaling' && className !== 'OnnxOperator') return false;
  const { scale, operator, numbers } = layer.getConfig() as { scale?: number; operator?: string; numbers?: number[] };
  if (className === 'Rescaling') return Math.abs(scale ?? 1) < SMALL_FACTOR;
  const isFactor = operator === 'mul' || operator === 'div';
  const small = (number: number) => Math.abs(operator === 'mul' ? number : 1 / number) < SMALL_FACTOR;
  return isFactor && numbers !== undefined && numbers.length > 0 && numbers.every(small);
}
