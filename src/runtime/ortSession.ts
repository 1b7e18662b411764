// Translates onnxruntime's errors when it opens or runs a model.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { type InferenceSession, type Ort, START_MS, whereItNeverLoads, withOrtThreads } from './ort.ts';

/** Which model it is, for messages. */
export interface OrtModelName {
  readonly what: 'teacher' | 'student';
  readonly name: string;
}

/** Throws    out-of-memory · backend-unavailable · invalid-onnx: onnxruntime refuses the model */
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
        // Warnings about how a graph is split between devices do not belong in a page's console.
        logSeverityLevel: 3,
        ...options,
      });
    return await withOrtThreads(ort, create);
  } catch (error) {
    const why = messageOf(error).trim();
    // While a model opens, a trap on a wrong address also counts as missing memory.
    if (isOutOfMemory(why) || why.includes('memory access')) {
      throw new LimbeckError('out-of-memory', `There is no room for the ${what} "${name}": ${why}`, { cause: error });
    }
    // ort says this if its own WebAssembly did not start; any other fault is the model's.
    if (why.startsWith('no available backend')) {
      throw new LimbeckError(
        'backend-unavailable',
        `onnxruntime-web did not start (${why}). ${whereItNeverLoads()}${cureFor(why)}`,
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

/** For a runtime that did not start. */
function cureFor(why: string): string {
  if (!why.includes('due to timeout')) {
    return 'Its files, ort-wasm-simd-threaded.mjs and .wasm, must be served beside limbeck’s worker.';
  }
  return `Its files or threads did not come within ${START_MS / 60_000} minutes. Load the page again, or ask for one thread (threads: 1).`;
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

/** Whether onnxruntime reports missing memory; a trap such as "memory access out of bounds" does not count. */
export function isOutOfMemory(why: string): boolean {
  // Names quoted from the file, as in Node (x), may hold any word.
  const own = why.replace(/'[^']*'|"[^"]*"|\w+ \([^)]*\)/g, '');
  return /memory(?! access)|allocat|bad_alloc|\bOOM\b/i.test(own);
}

/** A length of a session's input or output; null if it is free, named or not. */
export function knownLength(length: number | string): number | null {
  // An unnamed free length is −1, which onnxruntime-web reads as 2³² − 1.
  return typeof length === 'number' && length >= 0 && length < 2 ** 31 ? length : null;
}

/** onnxruntime adds source lines to some messages; the first line is enough. */
export function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0]?.trim() ?? '';
}
