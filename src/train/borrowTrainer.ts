import { openTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

/** A trainer for the time of a job. */
export interface BorrowedTrainer extends AsyncDisposable {
  readonly trainer: Trainer;
}

/** The open trainer that was given, which stays open; or one that is opened, and ends with the job. Throws what `openTrainer` throws. */
export async function borrowTrainer(given: Trainer | TrainerOptions | undefined): Promise<BorrowedTrainer> {
  if (given !== undefined && 'train' in given) return { trainer: given, [Symbol.asyncDispose]: async () => undefined };
  const trainer = await openTrainer(given);
  return { trainer, [Symbol.asyncDispose]: () => trainer[Symbol.asyncDispose]() };
}
