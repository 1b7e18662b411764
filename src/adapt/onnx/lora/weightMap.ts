import { type LayerWeight, listWeights } from '../../../onnx/describe/listWeights.ts';
import type { LowRankDelta } from '../../../onnx/edit/addLowRank.ts';
import { replaceStored, storedTensors } from '../../../onnx/edit/storedTensors.ts';
import { type OnnxModel, type OnnxTensor, readModel, writeModel } from '../../../onnx/model.ts';
import { numbers } from '../../../onnx/simplify/convert.ts';
import { dataOf, floatTensor } from '../../../onnx/tensorData.ts';
import type { WeightChange } from '../../../student/patch/patch.ts';
import type { StudentArtifacts } from '../../../student/student.ts';
import { splitWeights, type WeightBytes } from '../../../student/weightBytes.ts';

/** A stored matrix of a model, and the student's weight that is the same matrix, transposed or in another order. */
export interface MappedWeight {
  readonly stored: LayerWeight;
  /** The student's layer and weight. */
  readonly layer: string;
  readonly weight: string;
  /** For each row and column of the student's [R, C] the stored row and column; if transposed, the column and row. */
  readonly rowAt: Int32Array;
  readonly columnAt: Int32Array;
  readonly isTurned: boolean;
}

export interface WeightMap {
  readonly mapped: readonly MappedWeight[];
  /** Why a stored weight has no counterpart, by its name. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Positive normal numbers in the order of their bits: float32 tells two billion elements apart, and copying keeps them. */
const FIRST_BITS = 0x0080_0000;

/**
 * Finds each stored matrix in the student: the model is imported again with element numbers in place of its weights, and
 * the student then shows where each of them lies, however it was transposed, flattened or sorted. The result is compared
 * with the real weights, so that a weight that was scaled or folded by the import is refused.
 */
export async function mapWeights(
  bytes: Uint8Array,
  student: StudentArtifacts,
  toStudent: (bytes: Uint8Array) => Promise<StudentArtifacts>,
): Promise<WeightMap> {
  const model = readModel(bytes);
  const refused = new Map<string, string>();
  const wanted = new Map<string, LayerWeight>();
  for (const one of listWeights(model)) {
    if (!/^float(16|32|64)$/.test(one.dtype)) refused.set(one.weight, `it is stored as ${one.dtype}`);
    else if (one.readers > 1) refused.set(one.weight, 'several nodes read it');
    else wanted.set(one.weight, one);
  }
  const places = numberElements(model, [...wanted.values()]);
  const numbered = splitWeights(await toStudent(writeModel(model)));
  const weights = splitWeights(student);
  const holders = holdersOf(numbered, places);
  const tensors = storedTensors(readModel(bytes));
  const mapped: MappedWeight[] = [];
  for (const [i, { stored, from }] of places.entries()) {
    const [at, ...others] = holders[i] as readonly number[];
    const found =
      at === undefined
        ? 'no layer of the student holds it as it is'
        : others.length > 0
          ? 'several layers of the student hold it'
          : mapOne(stored, from, at, { numbered, weights, tensor: tensors.get(stored.weight) as OnnxTensor });
    if (typeof found === 'string') refused.set(stored.weight, found);
    else mapped.push(found);
  }
  return { mapped, refused };
}

/** A change of the student's weight, as a change of the stored one. */
export function toDelta({ stored, rowAt, columnAt, isTurned }: MappedWeight, change: WeightChange): LowRankDelta {
  const [rows, columns] = [rowAt.length, columnAt.length];
  const { rank, left, right } = change.kind === 'low-rank' ? change : asProduct(change.delta, rows, columns);
  const forRows = new Float32Array(left.length);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < rank; k++) {
      const at = rowAt[r] as number;
      forRows[isTurned ? k * rows + at : at * rank + k] = left[r * rank + k] as number;
    }
  }
  const forColumns = new Float32Array(right.length);
  for (let c = 0; c < columns; c++) {
    for (let k = 0; k < rank; k++) {
      const at = columnAt[c] as number;
      forColumns[isTurned ? at * rank + k : k * columns + at] = right[k * columns + c] as number;
    }
  }
  const sides = isTurned ? { left: forColumns, right: forRows } : { left: forRows, right: forColumns };
  return { weight: stored.weight, rank, ...sides };
}

/** A small matrix that learned whole, as a product with ones on the diagonal. */
function asProduct(delta: Float32Array, rows: number, columns: number) {
  const rank = Math.min(rows, columns);
  const ones = new Float32Array(rank * rank);
  for (let k = 0; k < rank; k++) ones[k * rank + k] = 1;
  return rank === columns ? { rank, left: delta, right: ones } : { rank, left: ones, right: delta };
}

/** A stored weight whose elements are numbered from `from` on. */
interface Place {
  readonly stored: LayerWeight;
  readonly from: number;
}

/** Replaces the weights of a model by their elements' numbers, in place. */
function numberElements(model: OnnxModel, weights: readonly LayerWeight[]): Place[] {
  const places: Place[] = [];
  let next = 0;
  for (const stored of weights) {
    places.push({ stored, from: next });
    next += stored.rows * stored.columns;
  }
  for (const { stored, from } of places) {
    const bits = Uint32Array.from({ length: stored.rows * stored.columns }, (_, i) => FIRST_BITS + from + i);
    replaceStored(model, stored.weight, ({ name }) => floatTensor(name, stored.shape, new Float32Array(bits.buffer)));
  }
  return places;
}

/** For each place, which of the student's weights hold a number of it. */
function holdersOf(weights: readonly WeightBytes[], places: readonly Place[]): number[][] {
  const holders = places.map((): number[] => []);
  for (const [w, weight] of weights.entries()) {
    let last = -1;
    for (const element of elementsOf(weight)) {
      const at = placeOf(element, places, last);
      if (at >= 0 && at !== last && holders[at]?.at(-1) !== w) holders[at]?.push(w);
      last = at;
    }
  }
  return holders;
}

/** Which place a number belongs to, −1 for none; mostly the same as for the number before. */
function placeOf(element: number, places: readonly Place[], last: number): number {
  const isIn = (at: number) => {
    const place = places[at];
    return (
      place !== undefined && element >= place.from && element < place.from + place.stored.rows * place.stored.columns
    );
  };
  if (isIn(last)) return last;
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (element >= (places[middle] as Place).from) low = middle;
    else high = middle - 1;
  }
  return isIn(low) ? low : -1;
}

function elementsOf({ bytes }: WeightBytes): Int32Array {
  return new Int32Array(bytes.slice().buffer).map((bits) => bits - FIRST_BITS);
}

interface Students {
  readonly numbered: readonly WeightBytes[];
  readonly weights: readonly WeightBytes[];
  readonly tensor: OnnxTensor;
}

/** The map of one weight, or why there is none. */
function mapOne(stored: LayerWeight, from: number, at: number, { numbered, weights, tensor }: Students) {
  const { name, shape, bytes } = weights[at] as WeightBytes;
  const layer = name.slice(0, name.lastIndexOf('/'));
  const others = weights.filter((one, i) => i !== at && one.name.startsWith(`${layer}/`) && one.shape.length > 1);
  if (others.length > 0) return 'its layer of the student has another matrix';
  const elements = elementsOf(numbered[at] as WeightBytes).map((element) => element - from);
  const columns = shape.at(-1) ?? 1;
  const places = [false, true].flatMap((isTurned) => separate(elements, columns, stored, isTurned) ?? []);
  const [found] = places;
  if (found === undefined) return 'its rows and columns are mixed in the student, as those of a depthwise convolution';
  const { dtype, data } = dataOf(tensor);
  const before = Float32Array.from(numbers(dtype, data));
  const own = new Float32Array(bytes.slice().buffer);
  const isSame = own.every((value, i) => Object.is(value, before[elements[i] as number]));
  return isSame ? { stored, layer, weight: name, ...found } : 'the student holds it with other numbers';
}

/** Rows and columns of a matrix whose elements say where they are stored; undefined if rows and columns are mixed. */
function separate(elements: Int32Array, columns: number, stored: LayerWeight, isTurned: boolean) {
  const rows = elements.length / columns;
  const [across, down] = isTurned ? [stored.rows, stored.columns] : [stored.columns, stored.rows];
  if (rows !== down || columns !== across) return undefined;
  const outer = (element: number) => Math.floor(element / stored.columns);
  const inner = (element: number) => element % stored.columns;
  const [ofRow, ofColumn] = isTurned ? [inner, outer] : [outer, inner];
  const rowAt = Int32Array.from({ length: rows }, (_, r) => ofRow(elements[r * columns] as number));
  const columnAt = Int32Array.from({ length: columns }, (_, c) => ofColumn(elements[c] as number));
  const isApart = elements.every((element, i) => {
    const [r, c] = [rowAt[Math.floor(i / columns)] as number, columnAt[i % columns] as number];
    return element === (isTurned ? c * stored.columns + r : r * stored.columns + c);
  });
  const isWhole = new Set(rowAt).size === rows && new Set(columnAt).size === columns;
  return isApart && isWhole ? [{ rowAt, columnAt, isTurned }] : undefined;
}
