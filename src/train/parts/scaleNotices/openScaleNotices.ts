import { figures } from '../../../core/figures.ts';
import { pickRowsOfAll } from '../../../core/rows.ts';
import { dtypeOf, type NamedArrays, type NdArray } from '../../../core/shape.ts';
import type * as tf from '../../../runtime/tf.ts';
import { orderInputs } from '../../../student/build.ts';
import { firstReaders, isWhole } from '../../../student/byteReading.ts';
import { predictBatch } from '../../predict.ts';
import type { OpenPart } from '../part.ts';

/**
 * Values and root mean squares this large are not around 0…1 or −1…1, for which students are initialized. Standardised data
 * with outliers stays below the second, some features of other models below both.
 */
const FAR = { most: 50, rootMeanSquare: 10 } as const;
/** A student that suits such inputs gives smaller answers: they are logits or measures. */
const LARGE_ANSWER = 16;
/** Examples that are checked. */
const LOOKED_AT = 64;
/** Layers that rescale inputs of any scale. */
const BRINGS_TO_SCALE = ['BatchNormalization', 'LayerNormalization', 'Rescaling', 'OnnxOperator'];

/** Reports notices about the first batch, which is read before the first step. */
export const openScaleNotices: OpenPart = ({ model, source, emit }) =>
  source && {
    async read(batch, { step }) {
      const notices = step === 0 ? await scaleNotices(model, batch.inputs) : [];
      for (const message of notices) await emit({ type: 'notice', message });
      return batch;
    },
  };

/**
 * Notices about the first batch of a run if its inputs are far from what the student was made for: what was found and what is
 * needed. None if all is well. Nothing changes, and no tensor remains.
 */
async function scaleNotices(model: tf.LayersModel, inputs: NamedArrays): Promise<string[]> {
  const count = Math.min(LOOKED_AT, Object.values(inputs)[0]?.shape[0] ?? 0);
  if (count === 0) return [];
  const some = pickRowsOfAll(
    inputs,
    Int32Array.from({ length: count }, (_, i) => i),
  );
  const far: string[] = [];
  for (const [i, array] of orderInputs(model, some).entries()) {
    const input = model.inputs[i] as tf.SymbolicTensor;
    const isScaled = firstReaders(input).every((name) => BRINGS_TO_SCALE.includes(name));
    const seen = dtypeOf(array.data) === 'float32' && !isScaled && !isWhole(input) ? farFrom(array) : undefined;
    if (seen !== undefined) far.push(`"${model.inputNames[i]}" ${seen}`);
  }
  const flags = Object.entries(some).flatMap(([name, array]) => (areFlags(array) ? [name] : []));
  return [
    ...flags.map(
      (name) =>
        `The input "${name}" holds bytes of 0 and 1 only. Bytes are pixels, which a student reads as 0…1, so these ` +
        'become 0 and 0.004. Give flags as numbers: Float32Array.from(bytes).',
    ),
    ...(far.length > 0 && (await answersLargely(model, some))
      ? [
          `The student's inputs are far from what it was made for: ${far.join(', ')}. Students learn from numbers around ` +
            '0…1 or −1…1: divide pixels by 255 or give them as bytes, and standardise other features.',
        ]
      : []),
  ];
}

/** "holds values from 0 to 255 (root mean square 79)", or nothing. */
function farFrom({ data }: NdArray): string | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let squares = 0;
  for (const value of data) {
    if (value < least) least = value;
    if (value > most) most = value;
    squares += value * value;
  }
  const rootMeanSquare = Math.sqrt(squares / data.length);
  if (!(Math.max(-least, most) > FAR.most && rootMeanSquare > FAR.rootMeanSquare)) return undefined;
  return `holds values from ${figure(least)} to ${figure(most)} (root mean square ${figure(rootMeanSquare)})`;
}

/** A student trained on such inputs answers like others; its probabilities do not show it. */
async function answersLargely(model: tf.LayersModel, inputs: NamedArrays): Promise<boolean> {
  return Object.values(await predictBatch(model, inputs)).some(({ data }) => {
    const isBounded = data.every((value) => value >= 0 && value <= 1);
    let squares = 0;
    for (const value of data) squares += value * value;
    const rootMeanSquare = Math.sqrt(squares / data.length);
    return isBounded || !(rootMeanSquare < LARGE_ANSWER);
  });
}

function areFlags({ data }: NdArray): boolean {
  return dtypeOf(data) === 'uint8' && data.includes(1) && data.every((value) => value <= 1);
}

function figure(value: number): string {
  return figures(value, 2);
}
