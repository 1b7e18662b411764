import { countOf } from '../../core/figures.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { type BatchSizes, batchSizes, type SizeFigure } from './batchSizes.ts';
import { isProcessor } from './firstAnswer.ts';
import type { PlacedSession, RunningSession } from './recover.ts';
import type { SessionDevice } from './sessionSettings.ts';
import { figureText } from './tune.ts';

/** A batch, with what comes back, may not take more room than this. */
const MOST_BATCH_BYTES = 64 * 2 ** 20;

export interface WorkSizesOptions {
  readonly running: Pick<RunningSession, 'current'>;
  /** The requested size, or the only one that the model takes: then there is nothing to learn. */
  readonly given?: number | undefined;
  /** What was learned on the session's device. */
  readonly known?: { readonly batchSize?: number | undefined; readonly figures: readonly SizeFigure[] } | undefined;
  /** Called each time the number of batches doubles, and when another size becomes the best. */
  readonly onLearned: () => void;
}

/** Learns the best batch size of a session from the batches that it is asked. */
export interface WorkSizes {
  /** The best size, or the next one to try; undefined before anything is known. */
  readonly best: number | undefined;
  readonly next: number | undefined;
  readonly figures: readonly SizeFigure[];
  /** What the best size costs on the session's device, as a sentence. */
  readonly sentence: string | undefined;
  /** Calls `ask` and records its time. */
  time(inputs: NamedArrays, examples: number, ask: () => Promise<NamedArrays>): Promise<NamedArrays>;
  /** Starts from measured figures. */
  adopt(known: NonNullable<WorkSizesOptions['known']>): void;
}

/**
 * Times are those of the page: from the call, or from the previous answer if the batch waited behind that, to the answer. What is
 * learned holds for one device; on another one learning starts again.
 */
export function workSizes({ running, given, known, onLearned }: WorkSizesOptions): WorkSizes {
  let measured: readonly SizeFigure[] = [];
  let sizes: BatchSizes | undefined;
  let place: { readonly device: SessionDevice; readonly threads: number } | undefined;
  let lastAnswerAt = Number.NEGATIVE_INFINITY;
  let batches = 0;

  const placeNow = () => {
    const { placement, opened } = running.current();
    return { device: placement.device, threads: opened.threads };
  };

  function adopt({ batchSize, figures }: NonNullable<WorkSizesOptions['known']>): void {
    measured = figures;
    if (given !== undefined || batchSize === undefined) return;
    sizes = batchSizes({ start: batchSize, figures });
    place = placeNow();
  }

  /** After a fallback: another device or thread count costs something else; a new limit alone keeps what is known. */
  function follow(): BatchSizes {
    const { device, threads } = placeNow();
    if (sizes === undefined || device !== place?.device || threads !== place.threads) {
      sizes = batchSizes({ start: sizes?.best() });
      place = placeNow();
    }
    const learned = sizes;
    const { largestBatch } = running.current().placement;
    if (largestBatch !== undefined) learned.limit(largestBatch);
    return learned;
  }

  if (known !== undefined) adopt(known);
  const best = () => given ?? sizes?.best();
  const figures = () => (given === undefined ? (sizes?.figures() ?? []) : measured);
  return {
    get best() {
      return best();
    },
    get next() {
      return given ?? sizes?.next();
    },
    get figures() {
      return figures();
    },
    get sentence() {
      const { device, threads } = placeNow();
      const figure = figures().find(({ batchSize }) => batchSize === best());
      return (
        figure &&
        `On ${isProcessor(device) ? `${device}, ${countOf(threads, 'thread')}` : device}: ${figureText(figure)}.`
      );
    },
    async time(inputs, examples, ask) {
      if (given !== undefined) return ask();
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
      // If another session took over, the time includes its start.
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

/** Bytes of an example as the model's float input; a free length counts as 1. */
function declaredBytes(inputs: PlacedSession['opened']['inputs']): number {
  const lengths = Object.values(inputs).map((shape) => shape.slice(1));
  return lengths.reduce((sum, of) => sum + 4 * of.reduce<number>((size, length) => size * (length ?? 1), 1), 0);
}

function bytesEach(all: readonly NamedArrays[], examples: number): number {
  const arrays = all.flatMap((named) => Object.values(named));
  return arrays.reduce((sum, { data }) => sum + data.byteLength, 0) / examples;
}
