import type { Tf } from '../runtime/tfNamespace.ts';
import type { Loss, LossParameter, LossReads, LossShapes, LossTensors, Progress } from './loss.ts';
import { checkSameClasses, shapeOfOutput } from './sameClasses.ts';

/** What a loss of several terms needs in addition to its terms. */
export interface OwnNeeds {
  readonly reads?: Partial<LossReads>;
  readonly parameters?: Readonly<Record<string, LossParameter>>;
  numbers?(progress: Progress): readonly number[];
}

export interface JoinedTerms {
  /** What the combined loss asks for; part of the loss as it is. */
  readonly needs: Pick<Loss, 'reads' | 'isStatic' | 'check' | 'parameters' | 'numbers'>;
  /** The tensors as one term sees them: with its own parameters and numbers, without those of the others. */
  tensorsOf(tf: Tf, tensors: LossTensors, term: number): LossTensors;
}

/** Only to count a loss's numbers, whose count never changes. */
const ANY_PROGRESS: Progress = { step: 0, steps: 1, epoch: 1, epochs: 1 };

/**
 * Joins the needs of several losses: outputs are read once, the result is static if all are, and each is checked. A
 * parameter `kernel` of term 2 becomes `2/kernel`; the combiner's own numbers come first, then those of each term.
 * `undefined` stands for a term that is not computed.
 * Shapes    those of the terms
 * Units     those of the terms
 * Throws    unknown-output · shape-mismatch · class-mismatch, from `check`, and what the terms' own checks throw
 * Source    none: bookkeeping
 */
export function joinTerms(terms: readonly (Loss | undefined)[], own: OwnNeeds = {}): JoinedTerms {
  const used = terms.flatMap((loss, k) => (loss === undefined ? [] : [{ loss, prefix: `${k}/`, place: k }]));
  const losses = used.map(({ loss }) => loss);
  const ownCount = own.numbers?.(ANY_PROGRESS).length ?? 0;
  const counts = terms.map((loss) => loss?.numbers?.(ANY_PROGRESS).length ?? 0);
  const starts = counts.map((_, k) => counts.slice(0, k).reduce((sum, count) => sum + count, ownCount));
  const hasParameters = own.parameters !== undefined || losses.some((loss) => loss.parameters !== undefined);
  const hasNumbers = ownCount > 0 || counts.some((count) => count > 0);
  return {
    needs: {
      reads: joinReads([...losses.map(({ reads }) => reads), own.reads ?? {}]),
      isStatic: losses.every(({ isStatic }) => isStatic === true),
      check(shapes) {
        for (const loss of losses) checkShapes(loss, shapes);
      },
      ...(hasParameters && {
        parameters: (shapes: LossShapes) =>
          Object.assign(
            { ...own.parameters },
            ...used.map(({ loss, prefix }) => prefixed(loss.parameters?.(shapes) ?? {}, prefix)),
          ) as Record<string, LossParameter>,
      }),
      ...(hasNumbers && {
        numbers: (progress: Progress) => [
          ...(own.numbers?.(progress) ?? []),
          ...losses.flatMap((loss) => loss.numbers?.(progress) ?? []),
        ],
      }),
    },
    tensorsOf(tf, { numbers, parameters, ...shared }, term) {
      const [start, count] = [starts[term] as number, counts[term] as number];
      const ownParameters = parameters && unprefixed(parameters, `${term}/`);
      return {
        ...shared,
        ...(numbers !== undefined && count > 0 && { numbers: tf.slice(numbers, [start], [count]) }),
        ...(ownParameters && { parameters: ownParameters }),
      };
    },
  };
}

function joinReads(all: readonly Partial<LossReads>[]): LossReads {
  const union = (side: 'student' | 'teacher') => [...new Set(all.flatMap((reads) => reads[side] ?? []))];
  const some = (what: 'labels' | 'sequences' | 'indices' | 'exampleWeights') =>
    all.some((reads) => reads[what] === true);
  return {
    student: union('student'),
    teacher: union('teacher'),
    labels: some('labels'),
    ...(some('sequences') && { sequences: true }),
    ...(some('indices') && { indices: true }),
    ...(some('exampleWeights') && { exampleWeights: true }),
  };
}

/**
 * Checks of every loss: each output that it reads exists, and its own check passes; without one, the teacher's outputs must
 * have the shapes of the student's of the same name.
 * Throws    unknown-output · shape-mismatch · class-mismatch, and what the loss's own check throws
 */
export function checkShapes(loss: Loss, shapes: LossShapes): void {
  for (const output of loss.reads.student) shapeOfOutput(shapes, 'student', output, loss.name);
  for (const output of loss.reads.teacher) shapeOfOutput(shapes, 'teacher', output, loss.name);
  if (loss.check !== undefined) {
    loss.check(shapes);
    return;
  }
  for (const output of loss.reads.teacher) {
    if (shapes.student[output] !== undefined) checkSameClasses(shapes, output, output, loss.name);
  }
}

function prefixed<T>(record: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [prefix + name, value]));
}

function unprefixed<T>(record: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const own = Object.entries(record).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}
