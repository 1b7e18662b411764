import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { NamedArrays } from '../core/shape.ts';
import { COLOCATION, type Colocated, type Colocation } from '../workers/colocation.ts';
import { changedTeacher } from './changedTeacher.ts';
import { logOfProbs } from './ensembleMean.ts';
import { type GivenAnswers, holdsProbs } from './holdsProbs.ts';
import type { Teacher } from './teacher.ts';

/**
 * The smallest probability whose logarithm is taken. A class this unlikely has no weight in any loss, and its logarithm is no
 * outlier that dominates a regression.
 */
export const LEAST_LEARNED = 1e-12;

/** Answers with the logarithms of some of their outputs, which losses read as logits. */
export function withLogProbs(answers: NamedArrays, outputs: readonly string[]): NamedArrays {
  return Object.fromEntries(
    Object.entries(answers).map(([name, array]) => {
      return [name, outputs.includes(name) ? logOfProbs(array, LEAST_LEARNED) : array];
    }),
  );
}

/** The outputs that are probabilities, if the caller says what 'logits' holds. */
export function fromProbsWhere(given: GivenAnswers): readonly string[] {
  return given === 'probs' ? [DEFAULT_OUTPUT] : [];
}

/** The notice of a teacher whose probabilities are read as such. */
export function probsNotice(name: string, outputs: readonly string[]): string {
  const named = outputs.map((output) => `"${output}"`).join(', ');
  return (
    `The teacher "${name}" gives probabilities (a softmax) as ${named}; losses read logits, so they are given the ` +
    'logarithms, which are logits too. given: "logits", said where the teacher is loaded, leaves them as they are.'
  );
}

/**
 * A teacher whose probabilities are turned into logarithms. If its model says that it gives probabilities, that is done already
 * (`fromProbs`); for any other teacher the first answer decides. The inner teacher stays the caller's.
 * Shapes    the outputs [B, …, C] → the same; other outputs are untouched
 * Units     logits or probabilities in; logits out
 * Throws    (when asked) read-failed: probabilities at first, and then others · what the teacher throws
 */
export function readAsLogits(teacher: Teacher, outputs: readonly string[] = [DEFAULT_OUTPUT]): Teacher {
  // A teacher of the caller's own may have no description.
  if (teacher.description?.fromProbs !== undefined) return teacher;
  let fromProbs: readonly string[] | undefined;
  const reading = changedTeacher(teacher, {
    what: 'The teacher',
    describe(inner) {
      if (fromProbs === undefined) return inner;
      return { ...inner, fromProbs: [...new Set([...(inner.fromProbs ?? []), ...fromProbs])] };
    },
    change(answers) {
      // An empty batch decides nothing; an invalid answer is refused by its reader.
      if (Object.values(answers ?? {}).every((array) => !array?.data?.length)) return answers;
      fromProbs ??= outputs.filter((output) => answers[output]?.shape !== undefined && holdsProbs(answers[output]));
      for (const output of fromProbs) requireProbs(teacher.description?.name, output, answers);
      return fromProbs.length === 0 ? answers : withLogProbs(answers, fromProbs);
    },
  });
  // Answers on the student's GPU are not inspected, so that is offered only if nothing has to be converted.
  return Object.defineProperty(reading, COLOCATION, {
    get: (): Colocation | undefined => (fromProbs?.length ? undefined : (teacher as Teacher & Colocated)[COLOCATION]),
  });
}

function requireProbs(name: string | undefined, output: string, answers: NamedArrays): void {
  const array = answers[output];
  if (array === undefined || holdsProbs(array)) return;
  throw new LimbeckError(
    'read-failed',
    `The teacher "${name}" gave probabilities as "${output}" at first, and then rows that are none. Say which it gives ` +
      'where it is loaded or made: given: "logits" or given: "probs".',
    { details: { name, output } },
  );
}
