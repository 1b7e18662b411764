// A teacher's first answer helps to choose the device: as a measurement, and as the reference for the others.
import { pickRowsOfAll } from '../../core/rows.ts';
import type { NamedArrays } from '../../core/shape.ts';
import type { PlacedSession } from './recover.ts';
import { batchOf } from './sessionBatches.ts';
import type { SessionDevice } from './sessionSettings.ts';
import type { BatchFigure } from './tune.ts';

/** The first batch of a session, its answer and the time. */
export interface FirstAnswer {
  readonly session: PlacedSession;
  readonly inputs: NamedArrays;
  readonly outputs: NamedArrays;
  readonly ms: number;
}

/**
 * The speed of a session, from one answer, if it is too slow to be measured within `mostMs`, which takes at least two passes of
 * its smallest batch. Undefined if it is faster, and on a GPU, whose first answer waits for compilers.
 */
export function slowFigure(
  { session, inputs, ms }: Omit<FirstAnswer, 'outputs'>,
  mostMs: number,
): BatchFigure | undefined {
  const { placement, opened } = session;
  const examples = batchOf(inputs, opened);
  const smallest = opened.fixedBatch ?? 1;
  // A model of one batch size has computed whole batches.
  const msPerExample = ms / (Math.ceil(examples / smallest) * smallest);
  if (!isProcessor(placement.device) || 2 * msPerExample * smallest <= mostMs) return undefined;
  return { batchSize: opened.fixedBatch ?? examples, msPerExample };
}

export function isProcessor(device: SessionDevice): boolean {
  return device === 'wasm' || device === 'kernels';
}

/**
 * A session's answer for the first examples of a batch. If they are its whole first batch, it is not asked again; from a larger
 * batch the rows are taken if another pass would take long.
 */
export async function answerOf(
  session: PlacedSession,
  sample: NamedArrays,
  { first, isSlow }: { readonly first: FirstAnswer; readonly isSlow: boolean },
): Promise<NamedArrays> {
  if (session !== first.session) return session.run(sample);
  if (sample === first.inputs) return first.outputs;
  const [all, count] = [first.inputs, sample].map((inputs) => batchOf(inputs, session.opened)) as [number, number];
  const isRows = Object.values(first.outputs).every(({ shape }) => shape[0] === all);
  if (!isSlow || !isRows) return session.run(sample);
  return pickRowsOfAll(
    first.outputs,
    Int32Array.from({ length: count }, (_, i) => i),
  );
}
