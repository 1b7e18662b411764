// What onnxruntime says when it opens or runs a model, in limbeck's terms.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { type InferenceSession, type Ort, withOrtThreads } from './ort.ts';

/** Whose model it is, for messages. */
export interface OrtModelName {
  readonly what: 'teacher' | 'student';
  readonly name: string;
}

/** Throws    out-of-memory · backend-unavailable · invalid-onnx: onnxruntime does not take the model */
export async function createSession(
  ort: Ort,
  bytes: Uint8Array,
  options: InferenceSession.SessionOptions,
  { what, name }: OrtModelName,
): Promise<InferenceSession> {
  try {
    const create = () =>
      ort.InferenceSession.create(bytes, {
        graphOptimizationLevel: 'all',
        // Warnings of how a graph was split between devices are nothing to a page's console.
        logSeverityLevel: 3,
        ...options,
      });
    return await withOrtThreads(ort, create);
  } catch (error) {
    const why = messageOf(error).trim();
    // While it opens, a trap on a wrong address is taken for memory that was not there too.
    if (isOutOfMemory(why) || why.includes('memory access')) {
      throw new LimbeckError('out-of-memory', `There is no room for the ${what} "${name}": ${why}`, { cause: error });
    }
    // ort says so where its own WebAssembly did not start; any other fault is the model's.
    if (why.startsWith('no available backend')) {
      throw new LimbeckError(
        'backend-unavailable',
        `onnxruntime-web did not start (${why}). Its files, ort-wasm-simd-threaded.mjs and .wasm, must be served ` +
          'beside limbeck’s worker.',
        { cause: error },
      );
    }
    throw new LimbeckError(
      'invalid-onnx',
      `"${name}" (${bytes.byteLength} bytes) is no ONNX model that can be run: ${why} ${hintFor(why)}`,
      { details: { name, bytes: bytes.byteLength }, cause: error },
    );
  }
}

function hintFor(why: string): string {
  if (/is not a registered function|No Op registered/i.test(why)) {
    return 'onnxruntime-web has no such operator: export the model without it, or for another operator set.';
  }
  if (/Unsupported model IR version|is under development/i.test(why)) {
    return 'It is newer than onnxruntime-web: export it for an older version of the format.';
  }
  if (/unsupported data type/i.test(why)) {
    return 'An input or output is of a type that onnxruntime-web does not give, such as bfloat16: export it as float32.';
  }
  return 'Check that it was exported for onnxruntime.';
}

/** Whether onnxruntime speaks of memory that it did not get; a trap, such as "memory access out of bounds", does not. */
export function isOutOfMemory(why: string): boolean {
  // Names that are quoted from the file, as in Node (x), may hold any word.
  const own = why.replace(/'[^']*'|"[^"]*"|\w+ \([^)]*\)/g, '');
  return /memory(?! access)|allocat|bad_alloc|\bOOM\b/i.test(own);
}

/** A length of a session's input or output; null where it is free, by a name or without. */
export function knownLength(length: number | string): number | null {
  // A free length without a name is −1, and onnxruntime-web reads that as 2³² − 1.
  return typeof length === 'number' && length >= 0 && length < 2 ** 31 ? length : null;
}

/** onnxruntime adds lines of its own source to some faults; the first is enough. */
export function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0]?.trim() ?? '';
}
