// Students and losses by what a command line calls them.
import { LimbeckError } from '../core/errors.ts';
import { didYouMean } from '../core/nearNames.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { jsonOption } from './examples/teacherInput.ts';
import type { Console } from './openConsole.ts';
import { readStudentFile } from './studentFile.ts';

/** Pixels of a side. */
const LARGEST_FOR_CNN = 64;

export const STUDENTS = ['cnn', 'dsCnn', 'mlp', 'mobilenetV1', 'resnet8', 'transformerTiny'] as const;

/** Throws    invalid-option: no such student, or options that it does not take */
export async function studentByName(
  given: string | undefined,
  ownOptions: string | undefined,
  { data, classes, console }: { data: Dataset; classes: number | undefined; console: Console },
): Promise<Student> {
  const shape = Object.values(data.inputs)[0]?.shape ?? [];
  const name = given ?? defaultFor(shape);
  const options = ownOptions === undefined ? {} : jsonOption('--student-options', ownOptions);
  if ((STUDENTS as readonly string[]).includes(name)) {
    const zoo = await import('../student/public.ts');
    const make = zoo[name as (typeof STUDENTS)[number]] as (options: object) => Student;
    return make({
      ...(shape.length > 0 && { inputShape: shape }),
      ...(classes !== undefined && { classes }),
      ...options,
    });
  }
  if (ownOptions !== undefined) {
    throw new LimbeckError('invalid-option', `--student-options are for ${STUDENTS.join(', ')}; "${name}" is a file.`);
  }
  const isFile = /[./\\]/.test(name);
  if (!isFile)
    throw new LimbeckError(
      'invalid-option',
      `--student was "${name}"; it must be ${STUDENTS.join(', ')}, or a file.${didYouMean(name, STUDENTS)}`,
    );
  const { artifacts } = await readStudentFile(name, console);
  return studentFromArtifacts(name, artifacts);
}

/** A cnn's dense layer grows with the picture, and large ones would make it anything but small. */
function defaultFor(shape: readonly number[]): (typeof STUDENTS)[number] {
  if (shape.length !== 3) return 'mlp';
  return Math.max(...shape) <= LARGEST_FOR_CNN ? 'cnn' : 'mobilenetV1';
}

/** Made of other losses, which no command line holds. */
const COMBINERS = ['weighted', 'uncertaintyWeighted', 'exampleWeighted', 'perToken'];

/** Throws    invalid-option: no such loss, or options that it does not take */
export async function lossByName(name: string, options: string | undefined): Promise<Loss> {
  const losses = await import('../losses/all.ts');
  const known = Object.keys(losses).filter((one) => !COMBINERS.includes(one));
  if (!known.includes(name)) {
    throw new LimbeckError(
      'invalid-option',
      `--loss was "${name}"; it must be the name of a loss, such as softTargets.${didYouMean(name, known)}`,
    );
  }
  const { reviveLoss } = await import('../losses/revive.ts');
  return reviveLoss({ name, options: options === undefined ? {} : jsonOption('--loss-options', options), terms: [] });
}
