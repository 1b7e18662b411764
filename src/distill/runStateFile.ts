import { sha256Bytes } from '../core/hash.ts';
import type { NdArray } from '../core/shape.ts';
import { sizeOf } from '../core/shape.ts';
import type { RunState } from '../train/state.ts';
import type { EpochRecord } from './report.ts';

/** What is kept of a run between two epochs. */
export interface KeptRun {
  readonly state: RunState;
  readonly epochs: readonly EpochRecord[];
}

const FORMAT = 1;
const DIGEST_BYTES = 32;
const HEADER_LENGTH_BYTES = 4;

/** A digest, the length of the header, the header as JSON, and the values of all arrays, float32. */
export async function packRun(run: KeptRun): Promise<Uint8Array<ArrayBuffer>> {
  const arrays: Float32Array[] = [];
  const text = JSON.stringify({ format: FORMAT, run }, (_, value: unknown) => {
    if (!isArray(value)) return value;
    arrays.push(value.data as Float32Array);
    return { shape: value.shape };
  });
  const header = new TextEncoder().encode(text);
  const length = arrays.reduce(
    (sum, { byteLength }) => sum + byteLength,
    DIGEST_BYTES + HEADER_LENGTH_BYTES + header.length,
  );
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(DIGEST_BYTES, header.length, true);
  let at = DIGEST_BYTES + HEADER_LENGTH_BYTES;
  bytes.set(header, at);
  at += header.length;
  for (const data of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  bytes.set(await sha256Bytes(bytes.subarray(DIGEST_BYTES)));
  return bytes;
}

/** Undefined for bytes that are damaged, cut short, or of another version. */
export async function unpackRun(bytes: Uint8Array): Promise<KeptRun | undefined> {
  const begin = DIGEST_BYTES + HEADER_LENGTH_BYTES;
  if (bytes.length < begin) return undefined;
  const digest = await sha256Bytes(bytes.subarray(DIGEST_BYTES));
  if (digest.some((byte, i) => byte !== bytes[i])) return undefined;
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(DIGEST_BYTES, true);
  let at = begin + headerLength;
  try {
    const text = new TextDecoder().decode(bytes.subarray(begin, at));
    const read = JSON.parse(text, (_, value: unknown) => {
      const { shape } = (value ?? {}) as { readonly shape?: unknown };
      if (!isShape(shape) || Object.keys(value as object).length !== 1) return value;
      const size = 4 * sizeOf(shape);
      // Copied, because it may not lie at a multiple of four.
      const own = bytes.slice(at, at + size);
      if (own.length !== size) throw new RangeError('cut short');
      at += size;
      return { data: new Float32Array(own.buffer), shape };
    }) as { readonly format?: unknown; readonly run?: KeptRun };
    const isWhole = read.format === FORMAT && at === bytes.length && isRun(read.run);
    return isWhole ? read.run : undefined;
  } catch {
    return undefined;
  }
}

function isArray(value: unknown): value is NdArray {
  const { data, shape } = (value ?? {}) as Partial<NdArray>;
  return ArrayBuffer.isView(data) && Array.isArray(shape);
}

function isShape(shape: unknown): shape is readonly number[] {
  return Array.isArray(shape) && shape.every((length) => Number.isInteger(length) && length >= 0);
}

function isRun(run: KeptRun | undefined): boolean {
  const { state, epochs } = run ?? {};
  const lists = [state?.weights, state?.loss, state?.parts, state?.draws, state?.optimizer?.variables, epochs];
  return lists.every(Array.isArray) && Number.isInteger(state?.epoch) && epochs?.length === state?.epoch;
}
