import { percent } from '../core/figures.ts';
import { mcNemar, type Pairs } from './paired.ts';

/** Whether the teacher helped, compared with the same student trained from the same start on labels alone. */
export interface ControlReport {
  /** False if no such student could be trained or measured; `reason` says why. */
  readonly isPossible: boolean;
  readonly reason: string | undefined;
  /** Labelled examples that it learned from. */
  readonly examples: number;
  /** Its metrics on the held-out examples after the last epoch. */
  readonly holdout: Readonly<Record<string, number>>;
  /** Accuracy of the distilled student minus that of the control; above 0 if the teacher helped. */
  readonly accuracyGain: number | undefined;
  /** Each metric of the distilled student minus that of the control. For calibration error and likelihood, below 0 is better. */
  readonly changes: Readonly<Record<string, number>>;
  /**
   * (student − control) / (teacher − control) of the accuracies, if the teacher is better than the control: 1 if the student
   * reaches its teacher.
   */
  readonly gapClosedFraction: number | undefined;
  /** How many held-out examples only one of the two gets right; undefined if accuracies are unknown. */
  readonly pairs: Pairs | undefined;
  /**
   * The probability of counts at least this uneven if neither student is right more often, by McNemar's exact test. It
   * accounts for the examples only; `acrossSeeds` combines the reports of several seeds.
   */
  readonly pValue: number | undefined;
  /** Whether `pValue` is below 0.05. */
  readonly isBeyondChance: boolean;
  /** All this in a few plain sentences. */
  readonly verdict: string;
  readonly ms: number;
}

/** Anything less likely than this is not attributed to chance. */
export const MOST_CHANCE = 0.05;

type Metrics = Readonly<Record<string, number>>;

export interface ComparedRuns {
  /** Metrics of both on the same held-out examples; the student's hold the teacher's accuracy. */
  readonly student: Metrics;
  readonly control: Metrics;
  readonly pairs: Pairs | undefined;
  /** Whether the distilled student learned from labels too. */
  readonly hadLabels: boolean;
  readonly examples: number;
  readonly ms: number;
}

export function controlReport({ student, control, pairs, hadLabels, examples, ms }: ComparedRuns): ControlReport {
  const { accuracy: reached, teacherAccuracy: taught } = student;
  const { accuracy: alone } = control;
  const isKnown = reached !== undefined && alone !== undefined && pairs !== undefined;
  const pValue = isKnown ? mcNemar(pairs) : undefined;
  const isBeyondChance = pValue !== undefined && pValue < MOST_CHANCE;
  const gapClosedFraction =
    isKnown && taught !== undefined && taught > alone ? (reached - alone) / (taught - alone) : undefined;
  return {
    isPossible: true,
    reason: undefined,
    examples,
    holdout: control,
    accuracyGain: isKnown ? reached - alone : undefined,
    changes: changesOf(student, control),
    gapClosedFraction,
    pairs: isKnown ? pairs : undefined,
    pValue,
    isBeyondChance,
    verdict: isKnown
      ? [
          `Distilling gave ${percent(reached)}, labels alone (${examples} examples) ${percent(alone)}` +
            `${taught === undefined ? '' : `; the teacher has ${percent(taught)}`}.`,
          judgement({ reached, alone, taught, isBeyondChance, pairs, hadLabels, gapClosedFraction }),
          calibration(student, control),
        ]
          .filter((sentence) => sentence !== '')
          .join(' ')
      : 'The accuracies are not known for both, so nothing can be said.',
    ms,
  };
}

/** A run for which there is no control. */
export function noControl(reason: string): ControlReport {
  return {
    isPossible: false,
    reason,
    examples: 0,
    holdout: {},
    accuracyGain: undefined,
    changes: {},
    gapClosedFraction: undefined,
    pairs: undefined,
    pValue: undefined,
    isBeyondChance: false,
    verdict: `Whether the teacher helped is not known. ${reason}`,
    ms: 0,
  };
}

/** The metrics of both; the teacher's own accuracy is the same for both. */
function changesOf(student: Metrics, control: Metrics): Metrics {
  const shared = Object.keys(student).filter((name) => name !== 'teacherAccuracy' && control[name] !== undefined);
  return Object.fromEntries(shared.map((name) => [name, (student[name] as number) - (control[name] as number)]));
}

interface Judged extends Pick<ComparedRuns, 'hadLabels'> {
  readonly reached: number;
  readonly alone: number;
  readonly taught: number | undefined;
  readonly isBeyondChance: boolean;
  readonly pairs: Pairs;
  readonly gapClosedFraction: number | undefined;
}

function judgement({ reached, alone, taught, isBeyondChance, pairs, hadLabels, gapClosedFraction }: Judged): string {
  if (!isBeyondChance) return notShown(pairs);
  if (reached > alone) {
    if (gapClosedFraction === undefined) return 'It helped.';
    if (gapClosedFraction > 1) return 'It helped, and the student went past its teacher.';
    return `It helped: ${percent(gapClosedFraction)} of the gap between labels and teacher is closed.`;
  }
  if (taught !== undefined && taught <= alone) {
    const instead = hadLabels ? 'Give them more weight' : 'Use them beside it, weighted with crossEntropy()';
    return `It did harm: the labels know more than the teacher. ${instead}, or leave the teacher out.`;
  }
  const labels = hadLabels
    ? 'more weight for the labels'
    : 'the labels beside the teacher, weighted with crossEntropy()';
  return `It did harm, although the teacher knows more. Try more epochs, another temperature, or ${labels}.`;
}

function notShown({ onlyStudent, onlyControl }: Pairs): string {
  const count = onlyStudent + onlyControl;
  if (count === 0) return 'Both are right about the same held-out examples: no difference is shown.';
  return (
    `Whether it helped is not shown: of ${count} held-out examples that only one of them knows, the distilled student knows ` +
    `${onlyStudent}, which chance may make of that many.`
  );
}

function calibration({ calibrationError: own }: Metrics, { calibrationError: others }: Metrics): string {
  if (own === undefined || others === undefined) return '';
  return `Its calibration error is ${percent(own)}, that of labels alone ${percent(others)}.`;
}
