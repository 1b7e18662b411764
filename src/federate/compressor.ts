import { LimbeckError } from '../core/errors.ts';
import { invalidOption } from '../core/options.ts';
import { type NamedArrays, type Shapes, sizeOf } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import { type Encoding, rejected } from './update.ts';

/** Makes an update shorter, with loss, and reads it again. */
export interface Compressor {
  readonly name: string;
  /** Values that are finite, as bytes. */
  compress(values: Float32Array): Uint8Array<ArrayBuffer>;
  /**
   * The values that bytes from elsewhere stand for.
   * Throws    update-invalid: not bytes of this compressor, not `length` values, a value that is not finite
   */
  expand(bytes: Uint8Array, length: number): Float32Array<ArrayBuffer>;
}

/** What the client sends, and what the receiver reads of it. */
export interface Sent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

/** A client's compressor with a memory of what it has not sent yet. */
export interface ErrorFeedback {
  /**
   * Compresses the values plus the residual; what is lost becomes the residual. `residual + sent` is exactly
   * `values + residual before`, rounded to floats, for every compressor of limbeck.
   * Throws    not-finite: a value is NaN or infinite, or becomes so with the residual; the residual stays as it was
   */
  send(values: Float32Array): Sent;
  /** What was not sent so far. It is the client's, and is kept between rounds. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/**
 * Adds what one round left out to the next, so that in time everything is sent.
 * Throws    invalid-option: `length` is not that of the residual
 * Source    Seide et al. 2014, "1-Bit Stochastic Gradient Descent", §3; Stich et al. 2018, "Sparsified SGD with Memory",
 *           algorithm 1, arXiv:1809.07599
 */
export function errorFeedback(
  compressor: Compressor,
  length: number,
  residual: Float32Array = new Float32Array(length),
): ErrorFeedback {
  if (residual.length !== length) throw invalidOption('length', length, `${residual.length}, as long as the residual`);
  let left = new Float32Array(residual);
  return {
    send(values) {
      if (values.length !== length) throw invalidOption('values', `of length ${values.length}`, `of length ${length}`);
      const wanted = values.map((value, i) => value + (left[i] as number));
      if (!wanted.every(Number.isFinite)) {
        throw new LimbeckError('not-finite', 'The update has values that are NaN or infinite; it was not sent.');
      }
      const bytes = compressor.compress(wanted);
      const sent = compressor.expand(bytes, length);
      left = wanted.map((value, i) => value - (sent[i] as number)) as Float32Array<ArrayBuffer>;
      return { bytes, values: sent };
    },
    get residual() {
      return left;
    },
  };
}

/** An encoding that leaves out something each time and sends it later. */
export interface Compression extends Encoding {
  /** What was not sent so far: keep it to go on with it after a restart. Undefined before the first round. */
  readonly residual: Float32Array | undefined;
}

/** What the bytes are called in an update. */
const PACKED = 'packed';

/**
 * A compressor as an encoding of updates: the changes of all values, one array after the other, as one array of bytes.
 * Throws    invalid-option: values that are not as long as the residual
 */
export function compression(compressor: Compressor, residual?: Float32Array): Compression {
  let feedback: ErrorFeedback | undefined;
  return {
    name: compressor.name,
    get residual() {
      return feedback?.residual ?? residual;
    },
    encode(values, before) {
      const flat = joined(changed(values, before, -1));
      feedback ??= errorFeedback(compressor, flat.length, residual);
      const { bytes } = feedback.send(flat);
      return { [PACKED]: { data: bytes, shape: [bytes.length] } };
    },
    decode(values, shapes, before) {
      const { data } = values[PACKED] ?? {};
      if (Object.keys(values).length !== 1 || !isTagged(data, 'Uint8Array')) throw invalidUpdate('they are not packed');
      return changed(taken(compressor.expand(data, lengthOf(shapes)), shapes), before, 1);
    },
  };
}

/** Values with what the round began with added or taken away, where it has an array of that name and length. */
function changed(values: NamedArrays, before: NamedArrays, sign: 1 | -1): NamedArrays {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => {
      const from = Object.hasOwn(before, name) ? before[name]?.data : undefined;
      if (from?.length !== data.length) return [name, { data, shape }];
      return [name, { data: Float32Array.from(data, (value, i) => value + sign * (from[i] as number)), shape }];
    }),
  );
}

function joined(values: NamedArrays): Float32Array {
  const arrays = Object.values(values);
  const flat = new Float32Array(arrays.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of arrays) {
    flat.set(data, at);
    at += data.length;
  }
  return flat;
}

function lengthOf(shapes: Shapes): number {
  const sizes = Object.values(shapes).map((shape) => (shape.includes(null) ? Number.NaN : sizeOf(shape as number[])));
  const length = sizes.reduce((sum, size) => sum + size, 0);
  if (Number.isSafeInteger(length)) return length;
  throw invalidOption('encoding', 'a compression', 'left out where values have no fixed length, such as answers');
}

/** The arrays of which the values are, in order. */
function taken(flat: Float32Array<ArrayBuffer>, shapes: Shapes): NamedArrays {
  let at = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, free]) => {
      const shape = free as readonly number[];
      const data = flat.slice(at, at + sizeOf(shape));
      at += data.length;
      return [name, { data, shape }];
    }),
  );
}

/** The error of bytes that are no update; whoever knows whose they are says so. */
export function invalidUpdate(what: string): LimbeckError {
  return rejected('malformed', 'a client', `its bytes are damaged: ${what}`);
}

/** Compressors tell their bytes apart by the first four. */
export const MARK_BYTES = 4;

/** Writes a compressor's mark and the number of values; returns where the rest begins. */
export function writeMark(view: DataView, mark: string, length: number): number {
  for (let i = 0; i < MARK_BYTES; i++) view.setUint8(i, mark.charCodeAt(i));
  view.setUint32(MARK_BYTES, length, true);
  return MARK_BYTES + 4;
}

/** Throws    update-invalid: another mark, another number of values, or too short for either */
export function readMark(view: DataView, mark: string, length: number): number {
  if (view.byteLength < MARK_BYTES + 4) throw invalidUpdate(`${view.byteLength} bytes are too few`);
  const found = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset, MARK_BYTES));
  if (found !== mark) throw invalidUpdate(`they do not begin with "${mark}"`);
  const count = view.getUint32(MARK_BYTES, true);
  if (count !== length) throw invalidUpdate(`they hold ${count} values where ${length} are needed`);
  return MARK_BYTES + 4;
}

/** Bytes from elsewhere as a view. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
