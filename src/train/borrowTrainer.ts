import { type TrainerUse, type Turn, usePageTrainer } from './pageTrainer.ts';
import { openTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

/**
 * Returns the given open trainer, which stays open, or the page's for these options once it is this run's turn. For 'none'
 * it opens one on the calling thread, which ends with the job. Without a `turn` the trainer is for predictions only, which
 * run between the steps of whatever trains.
 * Throws what `openTrainer` throws, and an AbortError while it waits.
 */
export async function borrowTrainer(given: Trainer | TrainerOptions | undefined, turn?: Turn): Promise<TrainerUse> {
  if (given !== undefined && 'train' in given) return { trainer: given, [Symbol.asyncDispose]: async () => undefined };
  if (given?.worker !== 'none') return usePageTrainer(given ?? {}, turn);
  const trainer = await openTrainer(given);
  return { trainer, [Symbol.asyncDispose]: () => trainer[Symbol.asyncDispose]() };
}

/** The same for a run that may not need one: it is borrowed when something trains. */
export function borrowWhenNeeded(
  given: Trainer | TrainerOptions | undefined,
  turn?: Turn,
): Pick<Trainer, 'train'> & AsyncDisposable {
  let borrowing: Promise<TrainerUse> | undefined;
  return {
    async train(...job) {
      borrowing ??= borrowTrainer(given, turn);
      return (await borrowing).trainer.train(...job);
    },
    [Symbol.asyncDispose]: async () => (await borrowing?.catch(() => undefined))?.[Symbol.asyncDispose](),
  };
}

/** Borrows repeatedly; a trainer on the calling thread ('none') stays open until this is disposed. */
export interface Lender extends AsyncDisposable {
  /** For predictions. Throws what `openTrainer` throws. */
  lend(): Promise<TrainerUse>;
  /** The `trainer` option to give a run. Throws what `openTrainer` throws. */
  forRun(): Promise<Trainer | TrainerOptions | undefined>;
}

export function openLender(given: Trainer | TrainerOptions | undefined): Lender {
  if (given === undefined || 'train' in given || given.worker !== 'none') {
    return {
      lend: () => borrowTrainer(given),
      forRun: async () => given,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  let opening: Promise<Trainer> | undefined;
  const open = async () => {
    opening ??= openTrainer(given);
    try {
      return await opening;
    } catch (error) {
      // If it did not open, the next call tries again.
      opening = undefined;
      throw error;
    }
  };
  return {
    lend: async () => borrowTrainer(await open()),
    forRun: open,
    [Symbol.asyncDispose]: async () => (await opening)?.[Symbol.asyncDispose](),
  };
}
