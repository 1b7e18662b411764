import { duration } from '../../core/figures.ts';

/** What a batch of one size costs. */
export interface BatchFigure {
  readonly batchSize: number;
  readonly msPerExample: number;
}

export interface TuneBatchOptions {
  /** Computes one batch of that many examples. */
  readonly run: (batchSize: number) => Promise<unknown>;
  /** Sizes to try, rising. */
  readonly sizes: readonly number[];
  readonly budgetMs: number;
  readonly now?: () => number;
}

/** A larger batch must be better by this much: it costs memory, and the student waits longer for the first answer. */
const LEAST_GAIN = 0.03;
/** The smallest size this close to the best is taken. */
const NEAR = 0.01;
/** wasm code is compiled in tiers, and a GPU compiles at its first run; these passes are not counted. */
const WARM_UPS = 4;
/** Share of the time that may go into warming up. */
const WARM_UP_SHARE = 0.25;
/** Passes for each size, or fewer once they take more than this share of the time. */
const REPEATS = 3;
const REPEATS_SHARE = 0.15;
/** The search ends after this many sizes in a row without gain; a single one may have been disturbed. */
const PATIENCE = 2;

/**
 * Times batches of rising size until larger ones no longer pay or the time is up. The first size is always timed. A size
 * that fails, such as for want of memory, ends the search with what was found before.
 * Units     milliseconds an example, the fastest of a few passes
 * Throws    what `run` throws for the first size
 */
export async function tuneBatch(options: TuneBatchOptions): Promise<BatchFigure[]> {
  const { run, sizes, budgetMs, now = () => performance.now() } = options;
  const start = now();
  const spent = () => now() - start;
  async function measure(batchSize: number): Promise<BatchFigure> {
    const began = now();
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < REPEATS && (i === 0 || now() - began < budgetMs * REPEATS_SHARE); i++) {
      const before = now();
      await run(batchSize);
      fastest = Math.min(fastest, now() - before);
    }
    return { batchSize, msPerExample: fastest / batchSize };
  }

  const [first = 1, ...larger] = sizes;
  for (let i = 0; i < WARM_UPS && spent() < budgetMs * WARM_UP_SHARE; i++) await run(first);
  const figures = [await measure(first)];
  let failures = 0;
  for (const size of larger) {
    const { msPerExample } = bestFigure(figures);
    // The time of a pass can be estimated, and this one would not fit.
    if (msPerExample * size > budgetMs - spent()) break;
    try {
      figures.push(await measure(size));
    } catch {
      break;
    }
    const isGain = (figures.at(-1) as BatchFigure).msPerExample < msPerExample * (1 - LEAST_GAIN);
    failures = isGain ? 0 : failures + 1;
    if (failures === PATIENCE) break;
  }
  return figures;
}

function bestFigure(figures: readonly BatchFigure[]): BatchFigure {
  return figures.reduce((best, figure) => (figure.msPerExample < best.msPerExample ? figure : best));
}

/** The smallest size that is about as good as the best. */
export function chooseBatch(figures: readonly BatchFigure[]): BatchFigure {
  const best = bestFigure(figures);
  return figures.find(({ msPerExample }) => msPerExample <= best.msPerExample / (1 - NEAR)) as BatchFigure;
}

/** "4.6 ms an example at 32 at a time". */
export function figureText({ batchSize, msPerExample }: BatchFigure): string {
  return `${duration(msPerExample)} an example at ${batchSize} at a time`;
}
