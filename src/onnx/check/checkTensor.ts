import { DATA_TYPES } from '../dataTypes.ts';
import type { OnnxTensor } from '../model.ts';
import { type Broken, quoted } from './broken.ts';

/** A tensor of which only some values are written down. */
export interface OnnxSparseTensor {
  values?: OnnxTensor;
  indices?: OnnxTensor;
  dims: bigint[];
}

export interface TensorCheck {
  readonly broken: Broken;
  /** Paths of files that come with the model, without a leading "./". */
  readonly externalFiles: ReadonlySet<string>;
}

/** wasm's memory ends at 4 GiB: a larger tensor has no place, wherever its values stand. */
const MOST_BYTES = 2n ** 32n;
const STRING = 8;
const INT64 = 7;

/** The field in which values of a type may stand other than as raw bytes, and how many entries an element takes. */
const TYPED_FIELDS: readonly {
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
  readonly types: readonly number[];
  readonly entries: (count: bigint, type: number) => bigint;
}[] = [
  { field: 'floatData', types: [1, 14], entries: (count, type) => (type === 14 ? 2n * count : count) },
  {
    field: 'int32Data',
    types: [2, 3, 4, 5, 6, 9, 10, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26],
    // Several small elements share a byte, and each byte is an entry.
    entries: (count, type) => (bitsOf(type) < 8 ? divideUp(count * BigInt(bitsOf(type)), 8n) : count),
  },
  { field: 'int64Data', types: [INT64], entries: (count) => count },
  { field: 'doubleData', types: [11, 15], entries: (count, type) => (type === 15 ? 2n * count : count) },
  { field: 'uint64Data', types: [12, 13], entries: (count) => count },
];

/**
 * Checks that a tensor's values are there and fill its shape.
 * Throws    invalid-onnx
 */
export function checkTensor(tensor: OnnxTensor, where: string, { broken, externalFiles }: TensorCheck): void {
  const { dataType, dims, rawData } = tensor;
  const details = { tensor: tensor.name, dataType, dims: dims.map(Number) };
  const bits = dataType === STRING ? 0 : bitsOf(dataType);
  if (bits === 0 && dataType !== STRING) {
    throw broken(`${where} has the element type ${dataType}, which is none.`, details);
  }
  const count = elementsOf(dims, BigInt(Math.max(1, bits)), where, broken);
  const bytes = divideUp(count * BigInt(bits), 8n);
  if (tensor.dataLocation === 1) {
    checkExternal(tensor, bytes, where, { broken, externalFiles });
    return;
  }
  if (tensor.dataLocation !== 0) throw broken(`${where} has its values at the unknown place ${tensor.dataLocation}.`);
  const filled = filledFields(tensor);
  if (filled.length > 1) throw broken(`${where} holds its values twice: in ${filled.join(' and ')}.`, details);
  if (rawData.byteLength > 0 && dataType !== STRING) {
    if (BigInt(rawData.byteLength) === bytes) return;
    throw broken(
      `${where} of shape [${shapeText(dims)}] and type ${nameOf(dataType)} takes ${bytes} bytes and holds ` +
        `${rawData.byteLength}.`,
      details,
    );
  }
  const typed = TYPED_FIELDS.find(({ types }) => types.includes(dataType));
  const held = BigInt(dataType === STRING ? tensor.stringData.length : typed ? tensor[typed.field].length : 0);
  const needed = typed === undefined ? count : typed.entries(count, dataType);
  if (held === needed && filled.length === (needed > 0n ? 1 : 0)) return;
  throw broken(
    `${where} of shape [${shapeText(dims)}] and type ${nameOf(dataType)} needs ${needed} values and holds ${held}` +
      `${filled.length > 0 && held === 0n ? ` (others stand in ${filled[0]})` : ''}.`,
    details,
  );
}

/**
 * Checks that the indices of a sparse tensor point into it.
 * Throws    invalid-onnx
 */
export function checkSparseTensor(sparse: OnnxSparseTensor, where: string, check: TensorCheck): void {
  const { values, indices, dims } = sparse;
  const { broken } = check;
  if (values === undefined) throw broken(`${where} is sparse and has no values.`);
  checkTensor(values, `${where}, its values,`, check);
  const bits = BigInt(Math.max(1, bitsOf(values.dataType)));
  const size = elementsOf(dims, bits, where, broken);
  if (values.dims.length !== 1) throw broken(`${where} is sparse and has values of ${values.dims.length} dimensions.`);
  const held = values.dims[0] as bigint;
  if (indices === undefined) {
    if (held === 0n) return;
    throw broken(`${where} is sparse and has no indices.`);
  }
  checkTensor(indices, `${where}, its indices,`, check);
  if (indices.dataType !== INT64) throw broken(`${where} has indices of type ${nameOf(indices.dataType)}, not int64.`);
  const isLinear = indices.dims.length === 1;
  const isListed = indices.dims.length === 2 && indices.dims[1] === BigInt(dims.length);
  if (indices.dims[0] !== held || !(isLinear || isListed)) {
    throw broken(`${where} has ${held} values and indices of shape [${shapeText(indices.dims)}].`);
  }
  const limits = isLinear ? [size] : dims;
  int64Values(indices).forEach((index, i) => {
    const limit = limits[i % limits.length] as bigint;
    if (index < 0n || index >= limit) throw broken(`${where} has the index ${index}, which is not below ${limit}.`);
  });
}

function checkExternal(tensor: OnnxTensor, bytes: bigint, where: string, { broken, externalFiles }: TensorCheck): void {
  const entry = (key: string) => tensor.externalData.find((pair) => pair.key === key)?.value;
  const file = entry('location');
  if (file === undefined || file === '') throw broken(`${where} has its values in another file and names none.`);
  if (tensor.dataType === STRING) throw broken(`${where} has strings in another file, which ONNX does not allow.`);
  for (const key of ['offset', 'length'] as const) {
    const value = entry(key);
    if (value !== undefined && !/^\d{1,15}$/.test(value)) {
      throw broken(`${where} has the ${key} "${value}" in the file "${file}".`);
    }
  }
  const length = entry('length');
  if (length !== undefined && BigInt(length) !== bytes) {
    throw broken(`${where} takes ${bytes} bytes, and ${length} of the file "${file}" are said to be its own.`);
  }
  if (externalFiles.has(file.replace(/^\.\//, ''))) return;
  const given = externalFiles.size === 0 ? 'No such file is given' : `Given are ${[...externalFiles].join(', ')}`;
  throw broken(
    `${where} has its values in the file "${file}".`,
    { file, given: [...externalFiles] },
    `${given}: name it in "externalData".`,
  );
}

function elementsOf(dims: readonly bigint[], bits: bigint, where: string, broken: Broken): bigint {
  const negative = dims.find((length) => length < 0n);
  if (negative !== undefined) throw broken(`${where} has a dimension of length ${negative}.`);
  if (dims.includes(0n)) return 0n;
  let count = 1n;
  for (const length of dims) {
    count *= length;
    if (count * bits > MOST_BYTES * 8n) {
      throw broken(`${where} of shape [${shapeText(dims)}] is larger than the 4 GiB that WebAssembly has.`);
    }
  }
  return count;
}

function filledFields(tensor: OnnxTensor): string[] {
  const names = ['rawData', 'stringData', ...TYPED_FIELDS.map(({ field }) => field)] as const;
  return names.filter((name) => tensor[name].length > 0);
}

function int64Values({ rawData, int64Data }: OnnxTensor): bigint[] {
  if (rawData.byteLength === 0) return int64Data;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 8 }, (_, i) => view.getBigInt64(8 * i, true));
}

function bitsOf(dataType: number): number {
  return DATA_TYPES[dataType]?.bits ?? 0;
}

function nameOf(dataType: number): string {
  return DATA_TYPES[dataType]?.name ?? String(dataType);
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** For the place of a tensor in messages. */
export function tensorLabel(kind: string, name: string): string {
  return name === '' ? kind : `${kind} ${quoted(name)}`;
}

function shapeText(dims: readonly bigint[]): string {
  return dims.length > 12 ? `${dims.slice(0, 12).join(', ')}, …` : dims.join(', ');
}
