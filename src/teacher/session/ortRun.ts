import { LimbeckError } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import type { InferenceSession, Ort, OrtTensor } from '../../runtime/ort.ts';
import { firstLine, isOutOfMemory } from '../../runtime/ortSession.ts';
import { toOrtTensor } from '../../runtime/ortTensors.ts';
import type { DeviceLoss, OrtModel } from './sessionCreate.ts';
import { fitInputs } from './sessionFeeds.ts';
import type { SessionDevice } from './sessionSettings.ts';

/** How long to wait for the news that a GPU is lost, where a run on it failed. */
const LOSS_MS = 250;

/**
 * One run of onnxruntime, by the outputs' public names.
 * Throws    unknown-input · shape-mismatch · teacher-failed · out-of-memory
 */
export async function runInOrt(
  ort: Ort,
  { session, inputs, fetches, names, loss }: OrtModel,
  device: SessionDevice,
  given: NamedArrays,
): Promise<Record<string, OrtTensor>> {
  const feeds: Record<string, OrtTensor> = Object.create(null);
  for (const [name, { array, type }] of Object.entries(fitInputs(given, inputs))) {
    feeds[name] = toOrtTensor(ort, name, type, array);
  }
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await unlessLost(session.run(feeds, fetches), loss);
  } catch (error) {
    if (device === 'webgpu') await lossToldSoon(loss);
    throw runFault(loss.error ?? error);
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [names[name] ?? name, tensor as OrtTensor]),
  );
}

/** A promise of the loss itself would keep the results of every run that was raced against it. */
function unlessLost<T>(running: Promise<T>, loss: DeviceLoss): Promise<T> {
  if (loss.error !== undefined) return Promise.reject(loss.error);
  return new Promise<T>((resolve, reject) => {
    loss.tell = reject;
    running.then(resolve, reject);
  }).finally(() => {
    loss.tell = undefined;
  });
}

/** A run on a lost GPU may end before its loss is told. */
function lossToldSoon(loss: DeviceLoss): Promise<void> {
  return new Promise((resolve) => {
    if (loss.error !== undefined) resolve();
    loss.tell = () => resolve();
    setTimeout(resolve, LOSS_MS);
  });
}

function runFault(error: unknown): LimbeckError {
  const why = firstLine(error);
  if (isOutOfMemory(why)) {
    return new LimbeckError('out-of-memory', `There is no room for the teacher to compute a batch: ${why}`, {
      cause: error,
    });
  }
  // After a trap the instance is of no use any more; another one may do better.
  const isCrash = (isTagged(error, 'Error') && error.name === 'RuntimeError') || why.startsWith('Aborted');
  const hint = /cannot be reshaped/i.test(why)
    ? '. A model that was exported for batches of one size is held to it by session: { freeDimensionOverrides }.'
    : '';
  return new LimbeckError('teacher-failed', `The teacher failed on a batch: ${why}${hint}`, {
    details: { isCrash },
    cause: error,
  });
}
