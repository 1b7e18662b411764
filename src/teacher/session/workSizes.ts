import type { NamedArrays } from '../../core/shape.ts';
import { type BatchSizes, batchSizes, type SizeFigure } from './batchSizes.ts';
import type { PlacedSession, RunningSession } from './recover.ts';

/** A batch, with what comes back, may not take more room than this. */
const MOST_BATCH_BYTES = 64 * 2 ** 20;

export interface WorkSizesOptions {
  readonly running: Pick<RunningSession, 'current'>;
  /** What was learned in the place where the session runs. */
  readonly known?: { readonly batchSize?: number | undefined; readonly figures: readonly SizeFigure[] } | undefined;
  /** Called as often as the number of batches doubles, and when another size proves best. */
  readonly onLearned: () => void;
}

/** The sizes of batches that suit a session, learned from the batches that it is asked. */
export interface WorkSizes {
  /** The best size, or the next one to try; undefined before anything is known. */
  readonly best: number | undefined;
  readonly next: number | undefined;
  readonly figures: readonly SizeFigure[];
  /** Asks, and keeps what it took. */
  time(inputs: NamedArrays, examples: number, ask: () => Promise<NamedArrays>): Promise<NamedArrays>;
  /** Begins with what was measured. */
  adopt(known: WorkSizesOptions['known']): void;
}

/**
 * Counts from the page: a batch takes until its answer is there, from when it was asked, or from the answer before it,
 * behind which it waited. What is learned holds for one place; in another one it begins anew.
 */
export function workSizes({ running, known, onLearned }: WorkSizesOptions): WorkSizes {
  let sizes: BatchSizes | undefined;
  let place: { readonly device: string; readonly threads: number } | undefined;
  let lastAnswerAt = Number.NEGATIVE_INFINITY;
  let batches = 0;

  const placeNow = () => {
    const { placement, opened } = running.current();
    return { device: placement.device, threads: opened.threads };
  };

  function adopt(from: WorkSizesOptions['known']): void {
    sizes = batchSizes({ start: from?.batchSize, figures: from?.figures ?? [] });
    place = placeNow();
  }

  /** After a fallback: another device or other threads cost something else; a limit alone leaves what is known. */
  function follow(): BatchSizes {
    const { device, threads } = placeNow();
    if (sizes === undefined || device !== place?.device || threads !== place.threads) {
      adopt({ batchSize: sizes?.best(), figures: [] });
    }
    const learned = sizes as BatchSizes;
    const { largestBatch } = running.current().placement;
    if (largestBatch !== undefined) learned.limit(largestBatch);
    return learned;
  }

  if (known !== undefined && known.batchSize !== undefined) adopt(known);
  return {
    get best() {
      return sizes?.best();
    },
    get next() {
      return sizes?.next();
    },
    get figures() {
      return sizes?.figures() ?? [];
    },
    async time(inputs, examples, ask) {
      const session = running.current();
      const askedAt = performance.now();
      const outputs = await ask();
      const answeredAt = performance.now();
      const ms = answeredAt - Math.max(askedAt, lastAnswerAt);
      lastAnswerAt = answeredAt;
      if (examples === 0) return outputs;
      const learned = follow();
      const bytes = Math.max(bytesEach([inputs, outputs], examples), declaredBytes(session.opened.inputs));
      learned.limit(Math.max(1, Math.floor(MOST_BATCH_BYTES / bytes)));
      // What took over in the middle of it has spent the time on starting.
      if (running.current() !== session) return outputs;
      const before = learned.best();
      learned.record(examples, ms);
      batches++;
      if (learned.best() !== before || Number.isInteger(Math.log2(batches))) onLearned();
      return outputs;
    },
    adopt,
  };
}

/** What an example takes as the model sees it, as floats; a free length counts as one. */
function declaredBytes(inputs: PlacedSession['opened']['inputs']): number {
  const lengths = Object.values(inputs).map((shape) => shape.slice(1));
  return lengths.reduce((sum, of) => sum + 4 * of.reduce<number>((size, length) => size * (length ?? 1), 1), 0);
}

function bytesEach(all: readonly NamedArrays[], examples: number): number {
  const arrays = all.flatMap((named) => Object.values(named));
  return arrays.reduce((sum, { data }) => sum + data.byteLength, 0) / examples;
}
