import { LimbeckError } from '../core/errors.ts';
import { type Run, startRun } from '../core/run.ts';
import { count, fraction, given, type OptionsOf, oneOf, schema, text } from '../core/schema.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import { checkNotEmpty, type Dataset, type Examples, isLabelled, type LabelledDataset } from '../data/dataset.ts';
import type { GivenAnswers } from '../teacher/holdsProbs.ts';
import { readAsLogits } from '../teacher/readAsLogits.ts';
import { nextBatchSize, type Teacher } from '../teacher/teacher.ts';
import { askAll } from './askAll.ts';
import { disagreementFindings, findingsOf } from './teacherFindings.ts';
import { type Disagreement, disagreementsOf, figuresOf, type TeacherFigures } from './teacherReport.ts';

const OPTIONS = schema('inspectTeacher', {
  /** The output with one row of classes for each example. Default 'logits'. */
  output: text('logits'),
  /** What the answers are: 'logits', which log-probabilities are too, or 'probs'. Default: what model or answers tell. */
  given: oneOf<GivenAnswers>('logits', 'probs')(),
  /** Below this probability of its most likely class an answer counts as unsure; from 0 to 1. Default 0.5. */
  confidence: fraction(0.5),
  /** Examples to ask about at a time. Default: what suits the teacher, else 32. */
  batchSize: count()(),
  /** Ends the inspection early with an AbortError. */
  signal: given<AbortSignal>(),
});

/** What to inspect, and how. */
export interface InspectTeacherOptions extends OptionsOf<typeof OPTIONS> {}

/** How well a teacher knows some data, as plain values. */
export interface TeacherReport {
  readonly examples: number;
  readonly classes: number;
  /** In the order in which they were given. */
  readonly teachers: readonly TeacherFigures[];
  /** Every pair of teachers, if there are several. */
  readonly disagreements: readonly Disagreement[];
  /** What to know before they teach, in plain sentences. */
  readonly findings: readonly string[];
}

/** Progress of an inspection: examples answered, of all that all teachers are asked about. */
export interface InspectTeacherEvent {
  readonly type: 'teacher';
  readonly answered: number;
  readonly total: number;
}

/**
 * Asks one or several teachers about local data before anything is trained. Reports how confident they are, how evenly they
 * use the classes, how far they agree and, if the data has labels, how often they are right and how well calibrated.
 * Shapes    the output [N, C], C at least 2
 * Units     entropy, divergence and likelihood in nats; fractions from 0 to 1
 * Throws    invalid-option · empty-dataset · unknown-output · shape-mismatch · class-mismatch: a label that is not a class ·
 *           what teacher and data throw · AbortError
 * Source    confidence and calibration: Guo et al. 2017, arXiv:1706.04599
 *
 * @example
 * const { findings, teachers } = await inspectTeacher(teacher, labelled).done;
 * for (const sentence of findings) show(sentence);
 * show(teachers[0]?.truth?.accuracy);
 */
export function inspectTeacher(
  teacher: Teacher | readonly Teacher[],
  data: Dataset | LabelledDataset,
  options: InspectTeacherOptions = {},
): Run<TeacherReport, InspectTeacherEvent> {
  const teachers = Array.isArray(teacher) ? teacher : [teacher];
  return startRun((emit, signal) => inspect(teachers, data, options, emit, signal), options?.signal);
}

async function inspect(
  teachers: readonly Teacher[],
  data: Dataset | LabelledDataset,
  options: InspectTeacherOptions,
  emit: (event: InspectTeacherEvent) => void,
  signal: AbortSignal,
): Promise<TeacherReport> {
  const { output, given, confidence, batchSize } = OPTIONS.read(options);
  checkInspect(teachers, data);
  const read = given === undefined ? teachers.map((teacher) => readAsLogits(teacher, [output])) : teachers;
  const labels = isLabelled(data) ? new Int32Array(data.size) : undefined;
  const total = data.size * teachers.length;
  let answered = 0;
  const answers: NdArray[] = [];
  for (const teacher of read) {
    const before = answered;
    const all = await askAll({
      teacher: only(teacher, output),
      data: keepingLabels(data, labels),
      batchSize,
      emit(event) {
        answered = before + event.answered;
        emit({ type: 'teacher', answered, total });
      },
      signal,
    });
    answers.push(all[output] as NdArray);
  }
  const names = teachers.map(({ description }) => description.name);
  checkSameShape(answers, names);
  const isFromProbs = (i: number) => read[i]?.description.fromProbs?.includes(output) === true;
  // Probabilities that a teacher turned into logarithms are logits.
  const kinds = answers.map((_, i) => (given === 'probs' && !isFromProbs(i) ? 'probs' : 'logits'));
  const figures = answers.map((one, i) =>
    figuresOf(one, {
      ...{ name: names[i] as string, given: kinds[i] as GivenAnswers, confidence, labels },
      fromProbs: isFromProbs(i),
    }),
  );
  const disagreements = disagreementsOf(answers, kinds);
  return {
    examples: data.size,
    classes: answers[0]?.shape[1] ?? 0,
    teachers: figures,
    disagreements,
    findings: [
      ...figures.flatMap((one) => findingsOf(one, data.size, confidence)),
      ...disagreementFindings(disagreements, names),
    ],
  };
}

function checkInspect(teachers: readonly Teacher[], data: Dataset): void {
  if (teachers.length === 0 || teachers.some((one) => typeof one?.ask !== 'function')) {
    throw new LimbeckError('invalid-option', 'inspectTeacher needs a teacher, or a list; await loadTeacher(…).done.');
  }
  if (typeof data?.read !== 'function') {
    throw new LimbeckError('invalid-option', 'inspectTeacher needs data; make it with fromArrays(…) or fromImages(…).');
  }
  checkNotEmpty(data, 'data to inspect with');
}

/** The teacher with one output, checked as it arrives, so that errors show after the first batch. */
function only(teacher: Teacher, output: string): Pick<Teacher, 'ask' | 'description' | 'nextBatchSize'> {
  return {
    description: teacher.description,
    nextBatchSize: () => nextBatchSize(teacher),
    async ask(inputs, signal): Promise<NamedArrays> {
      const answer = await teacher.ask(inputs, signal);
      const array = answer[output];
      if (array === undefined) {
        throw new LimbeckError(
          'unknown-output',
          `The teacher "${teacher.description.name}" has no output "${output}"; it gives ` +
            `${Object.keys(answer).join(', ') || 'none'}. Name one of these as "output".`,
          { details: { output, given: Object.keys(answer) } },
        );
      }
      if (array.shape.length !== 2 || (array.shape[1] ?? 0) < 2) {
        throw new LimbeckError(
          'shape-mismatch',
          `The output "${output}" of the teacher "${teacher.description.name}" is ${formatShape(array.shape)}; its ` +
            'knowledge is told from one row of two classes or more for each example, [N, C]. Bring it to that with ' +
            '"read", such as by the mean over time, or name another output.',
          { details: { output, given: array.shape } },
        );
      }
      return { [output]: array };
    },
  };
}

/** The same data; keeps the labels as it is read, so that nothing is read twice. */
function keepingLabels(data: Dataset, labels: Int32Array | undefined): Dataset {
  if (labels === undefined) return data;
  return {
    ...data,
    async read(indices, signal) {
      const examples: Examples & { labels?: Int32Array } = await data.read(indices, signal);
      for (const [i, index] of indices.entries()) labels[index] = examples.labels?.[i] as number;
      return examples;
    },
  };
}

function checkSameShape(answers: readonly NdArray[], names: readonly string[]): void {
  const [first, ...others] = answers as [NdArray, ...NdArray[]];
  const i = others.findIndex((other) => !isSameShape(other.shape, first.shape));
  const other = others[i];
  if (other === undefined) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The teacher "${names[i + 1]}" answers ${formatShape(other.shape)}, "${names[0]}" ${formatShape(first.shape)}. ` +
      'Teachers are compared on the same classes; bring their outputs to them with "read", or inspect one at a time.',
    { details: { given: other.shape, needed: first.shape } },
  );
}
