import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { type Student, untrainedStudent } from '../student/student.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { checkOptions } from './check.ts';
import { type DistillOptions, ROUND } from './distillOptions.ts';

const { epochs, batchSize, optimizer, augment, holdout, seed, trainer, signal } = ROUND.fields;

/** Options that a scheme of several rounds passes to each `distill`; spread them into the scheme's own schema. */
export const HANDED_ON = { batchSize, optimizer, augment, holdout, seed, trainer, signal };

/** For schemes whose runs all take the same number of epochs. */
export const EPOCHS = { epochs };

/** What every scheme of several rounds takes. */
export type RoundOptions = Pick<DistillOptions, keyof typeof HANDED_ON>;

/** Those of a scheme's options that it passes to `distill` and that its `Rounds` do not hold. */
export function handedOn({ batchSize, optimizer, augment, holdout }: RoundOptions) {
  return {
    ...(batchSize !== undefined && { batchSize }),
    ...(optimizer !== undefined && { optimizer }),
    ...(augment !== undefined && { augment }),
    ...(holdout !== undefined && { holdout }),
  };
}

/**
 * Refuses options of a scheme that `distill` would refuse, before anything is opened or asked. A student that a function
 * makes later is not checked.
 * Throws    as `distill` does of its options
 */
export function checkRoundOptions(
  options: RoundOptions & Pick<DistillOptions, 'data'> & Partial<Pick<DistillOptions, 'student'>>,
): void {
  const names = ['student', 'data', ...(Object.keys(HANDED_ON) as (keyof RoundOptions)[])] as const;
  const given = Object.fromEntries(names.filter((name) => name in options).map((name) => [name, options[name]]));
  checkOptions({ student: madeLater(), data: options.data, ...given, loss: crossEntropy() });
}

/** Stands for a student that a function makes later, while options are checked. */
export function madeLater(): Student {
  return untrainedStudent('made later', async () => {
    throw new Error('This student is not there yet.');
  });
}

/** Stands for a teacher with this many classes that does not exist yet, or is not to be asked yet. */
export function undecided(classes: number): Teacher {
  const zeros = (count: number) => ({ data: new Float32Array(count * classes), shape: [count, classes] });
  return fromFunction((inputs) => ({ logits: zeros(Object.values(inputs)[0]?.shape[0] ?? 0) }), { name: 'undecided' });
}
