// The safetensors format: eight bytes of length, a JSON header, and the elements of all tensors without gaps.
import { LimbeckError, messageOf } from '../../core/errors.ts';
import { parseJson } from '../../core/parseJson.ts';
import { sizeOf } from '../../core/shape.ts';
import { firstDuplicateKey } from './duplicateKey.ts';

/** Element types in the order in which the format's own writer lays them out, with their bytes. */
const BYTES = {
  U64: 8,
  I64: 8,
  F64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type SafeDtype = keyof typeof BYTES;

/** A tensor as the file holds it: little-endian elements in row-major order. */
export interface SafeTensor {
  readonly dtype: SafeDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = '__metadata__';
const LENGTH_BYTES = 8;
/** Longer ones are refused by the format's own reader too. */
const MOST_HEADER_BYTES = 100_000_000;
const ORDER = Object.keys(BYTES) as SafeDtype[];

/**
 * The tensors of a safetensors file, as views of the given bytes.
 * Throws    safetensors-invalid: not the format, an unknown element type, or tensors that overlap, leave a gap, or are
 *           outside the file
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < LENGTH_BYTES) throw invalid(`it has ${bytes.length} bytes, the header's length alone takes 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MOST_HEADER_BYTES) throw invalid(`its header of ${headerBytes} bytes is longer than 100 MB`);
  const start = LENGTH_BYTES + headerBytes;
  if (start > bytes.length) throw invalid(`its header of ${headerBytes} bytes goes beyond its ${bytes.length} bytes`);
  const { [METADATA]: metadata = {}, ...entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start));
  const data = bytes.subarray(start);
  const placed = Object.entries(entries).map(([name, entry]) => ({ name, ...checkEntry(name, entry) }));
  checkPlaces(placed, data.length);
  return {
    tensors: new Map(
      placed.map(({ name, dtype, shape, from, to }) => [name, { dtype, shape, bytes: data.subarray(from, to) }]),
    ),
    metadata: checkMetadata(metadata),
  };
}

/**
 * A file of these tensors in the layout of the format's own writer: wide elements first, then by name, the header
 * padded with spaces to a multiple of eight bytes. The same tensors give the same bytes.
 * Throws    safetensors-invalid: a tensor's bytes do not match its shape, or a reserved name
 */
export function writeSafetensors({
  tensors,
  metadata = {},
}: Pick<Safetensors, 'tensors'> & Partial<Safetensors>): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(
    ([a, { dtype: left }], [b, { dtype: right }]) =>
      ORDER.indexOf(left) - ORDER.indexOf(right) || (a < b ? -1 : Number(a > b)),
  );
  const header: string[] = [];
  if (Object.keys(metadata).length > 0) header.push(`"${METADATA}":${JSON.stringify(checkMetadata(metadata))}`);
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of ordered) {
    const needed = sizeOf(shape) * (BYTES[dtype] ?? Number.NaN);
    if (name === METADATA) throw invalid(`a tensor may not be called "${METADATA}"`);
    if (bytes.length !== needed) throw invalid(`"${name}" has ${bytes.length} bytes, its shape needs ${needed}`);
    header.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [at, at + needed] })}`);
    at += needed;
  }
  const text = new TextEncoder().encode(`{${header.join(',')}}`);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + at).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(text, LENGTH_BYTES);
  let to = LENGTH_BYTES + headerBytes;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, to);
    to += bytes.length;
  }
  return file;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = parseJson(text);
  } catch (error) {
    throw invalid(`its header is no JSON (${messageOf(error)})`, error);
  }
  if (!text.startsWith('{')) throw invalid('its header does not begin with "{"');
  const twice = firstDuplicateKey(text);
  if (twice !== undefined) throw invalid(`its header has "${twice}" twice`);
  return header as Record<string, unknown>;
}

interface Placed {
  readonly dtype: SafeDtype;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

function checkEntry(name: string, entry: unknown): Placed {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype)) {
    throw invalid(`"${name}" is of the type ${JSON.stringify(dtype)}; read are ${ORDER.join(', ')}`);
  }
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw invalid(`"${name}" has the shape ${JSON.stringify(shape)}, which is no list of lengths`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw invalid(`"${name}" has the data_offsets ${JSON.stringify(offsets)}, which are no two positions`);
  }
  const needed = sizeOf(shape) * BYTES[dtype as SafeDtype];
  const [from, to] = offsets as [number, number];
  if (to - from !== needed) {
    throw invalid(`"${name}" (${dtype} [${shape.join(', ')}]) needs ${needed} bytes; its place has ${to - from}`);
  }
  return { dtype: dtype as SafeDtype, shape, from, to };
}

/** No gap and no overlap, up to the last byte. */
function checkPlaces(placed: readonly (Placed & { readonly name: string })[], total: number): void {
  let at = 0;
  for (const { name, from, to } of [...placed].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < at) throw invalid(`"${name}" begins at ${from}, inside of the tensor before it, which ends at ${at}`);
    if (from > at) throw invalid(`nothing describes the bytes ${at} to ${from}, before "${name}"`);
    if (to > total) throw invalid(`"${name}" ends at ${to}, the file's data at ${total}`);
    at = to;
  }
  if (at < total) throw invalid(`nothing describes the last ${total - at} bytes`);
}

function checkMetadata(metadata: unknown): Record<string, string> {
  const isText =
    typeof metadata === 'object' &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Object.values(metadata).every((value) => typeof value === 'string');
  if (!isText) throw invalid('its metadata is no record of texts');
  return metadata as Record<string, string>;
}

function invalid(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'safetensors-invalid',
    `This is not a safetensors file: ${why}. Write it again with safetensors’ own save_file, or fetch it again.`,
    { details: { why }, cause },
  );
}
