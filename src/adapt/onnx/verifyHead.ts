import { LimbeckError } from '../../core/errors.ts';
import { figures } from '../../core/figures.ts';
import { formatShape, type NamedArrays, type NdArray } from '../../core/shape.ts';
import { take } from '../../data/views.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { TeacherDevice } from '../../teacher/teacher.ts';
import { addLogits } from './addedHead.ts';
import { type Asking, type LabelledRows, rowsAt, sessionOf } from './askBackbone.ts';
import type { LinearHead } from './headScaling.ts';
import { applyHead } from './prototypeHead.ts';

const EXAMPLES = 8;
/** Of the largest logit. Elsewhere than on wasm two sessions may join nodes in other ways. */
const TOLERANCE = 1e-4;
const TOLERANCE_ELSEWHERE = 1e-3;

/**
 * Runs the written file on some examples and holds it against backbone and head apart; the greatest difference, as a
 * fraction of the largest logit.
 * Throws    internal: they differ, and what the file's own session throws
 */
export async function verifyHead(
  file: Uint8Array<ArrayBuffer>,
  head: LinearHead,
  own: LabelledRows,
  adds: boolean,
  { options, signal }: Asking,
): Promise<number> {
  const { data, output = 'logits' } = options;
  const opening = { ...sessionOf(options, signal), outputs: [output] };
  await using written = await loadTeacher(file, opening).done;
  const some = take(data, EXAMPLES);
  const places = Int32Array.from({ length: some.size }, (_, i) => i);
  const { inputs } = await some.read(places, signal);
  const given = await written.ask(inputs, signal);
  const rows = rowsAt(own, places);
  const said = applyHead(rows.rows, head);
  const expected = adds && rows.logits ? addLogits(rows.logits, said) : said;
  return compareLogits(given, output, expected, written.description.device);
}

const OF_HEAD = { from: 'backbone and head apart', advice: 'Another "tap" may work; please report the model.' };

/** Throws    internal: they differ, or have other shapes */
export function compareLogits(
  given: NamedArrays,
  output: string,
  expected: NdArray,
  device: TeacherDevice,
  { from, advice } = OF_HEAD,
): number {
  const { data = new Float32Array(0), shape = [] } = given[output] ?? {};
  const isShaped = formatShape(shape) === formatShape(expected.shape);
  let largest = 1e-6;
  let difference = isShaped ? 0 : Number.POSITIVE_INFINITY;
  for (const [i, one] of expected.data.entries()) {
    largest = Math.max(largest, Math.abs(one));
    if (isShaped) difference = Math.max(difference, Math.abs(one - (data[i] as number)));
  }
  const fraction = difference / largest;
  if (fraction <= (device === 'wasm' ? TOLERANCE : TOLERANCE_ELSEWHERE)) return fraction;
  throw new LimbeckError(
    'internal',
    `The file gives "${output}" ${formatShape(shape)} and differs from ${from} by ${figures(fraction)} of the ` +
      `largest logit, on ${device}. ${advice}`,
    { details: { fraction, device, shape, expected: expected.shape } },
  );
}
