// Inputs, outputs and runs of onnxruntime, for teachers and for the small worker of `limbeck/run`.
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';
import type { InferenceSession, Ort, OrtTensor } from '../runtime/ort.ts';
import { firstLine, isOutOfMemory, knownLength } from '../runtime/ortSession.ts';
import { toOrtTensor } from '../runtime/ortTensors.ts';
import { batchFault, type ModelRole, type ModelValue } from './model.ts';

/** A model that onnxruntime has opened. */
export interface OrtModel {
  readonly ort: Ort;
  readonly session: InferenceSession;
  readonly inputs: readonly ModelValue[];
  /** The outputs to compute, by the names that the file gives them. */
  readonly fetches: readonly string[];
  readonly what: ModelRole;
  /** Advice that follows the message of a failed run. */
  readonly hint?: (why: string) => string;
}

/** A session's inputs or outputs; `lengths` are those of free dimensions, by name. */
export function ortValues(
  metadata: InferenceSession['inputMetadata'],
  lengths: Readonly<Record<string, number>> = {},
): ModelValue[] {
  const lengthOf = (length: number | string) =>
    typeof length === 'string' && Object.hasOwn(lengths, length) ? (lengths[length] as number) : knownLength(length);
  return metadata.map((value) => ({
    name: value.name,
    type: value.isTensor ? value.type : 'not a tensor',
    shape: value.isTensor ? value.shape.map(lengthOf) : [],
  }));
}

/**
 * One run. Takes checked arrays for all inputs; gives the outputs by the names of the file. `watched` may end the wait.
 * Throws    shape-mismatch: an input that takes no numbers · out-of-memory · teacher-failed or student-invalid
 */
export async function runInOrt(
  { ort, session, inputs, fetches, what, hint }: OrtModel,
  given: NamedArrays,
  watched: <T>(running: Promise<T>) => Promise<T> = (running) => running,
): Promise<Record<string, OrtTensor>> {
  const feeds: Record<string, OrtTensor> = Object.create(null);
  for (const { name, type } of inputs) feeds[name] = toOrtTensor(ort, name, type, given[name] as NdArray);
  try {
    return (await watched(session.run(feeds, fetches))) as Record<string, OrtTensor>;
  } catch (error) {
    throw runFault(error, what, hint);
  }
}

function runFault(error: unknown, what: ModelRole, hint: OrtModel['hint'] = () => ''): LimbeckError {
  const why = firstLine(error);
  if (isOutOfMemory(why)) {
    return new LimbeckError('out-of-memory', `There is no room for the ${what} to compute a batch: ${why}`, {
      cause: error,
    });
  }
  // After a trap the instance cannot be used any more; another one may work.
  const isCrash = (isTagged(error, 'Error') && error.name === 'RuntimeError') || why.startsWith('Aborted');
  return batchFault(what, `${why}${hint(why)}`, error, { isCrash });
}
