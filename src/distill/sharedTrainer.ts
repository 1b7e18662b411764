import { openTrainer, type Trainer, type TrainerOptions } from '../train/trainer.ts';

/** A trainer that several rounds share; disposing it ends it only where it was opened here. */
export interface SharedTrainer extends AsyncDisposable {
  readonly trainer: Trainer;
}

/** The caller's own trainer, which stays open, or one for this run. Throws what `openTrainer` throws. */
export async function sharedTrainer(given: Trainer | TrainerOptions | undefined): Promise<SharedTrainer> {
  if (given !== undefined && 'train' in given) return { trainer: given, [Symbol.asyncDispose]: async () => undefined };
  const trainer = await openTrainer(given);
  return { trainer, [Symbol.asyncDispose]: () => trainer[Symbol.asyncDispose]() };
}
