// The first answer of a teacher serves its choice of a device: as a measurement, and as what others are compared with.
import { pickRowsOfAll } from '../../core/rows.ts';
import type { NamedArrays } from '../../core/shape.ts';
import type { PlacedSession } from './recover.ts';
import { batchOf } from './sessionBatches.ts';
import type { SessionDevice } from './sessionSettings.ts';
import type { BatchFigure } from './tune.ts';

/** What a session was asked first, what it said, and how long that took. */
export interface FirstAnswer {
  readonly session: PlacedSession;
  readonly inputs: NamedArrays;
  readonly outputs: NamedArrays;
  readonly ms: number;
}

/**
 * What an answer tells of the speed of a session so slow that measuring, which takes two passes of its smallest batch at
 * least, would take longer than it may. Undefined where it is faster, and on a GPU, whose first answer waits for compilers.
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
 * What a session says of the first examples of a batch. Where that is all that it was asked first, it is not asked again;
 * of a larger batch the rows are taken where another pass would take long.
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
