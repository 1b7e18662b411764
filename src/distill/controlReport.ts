import { percent } from '../core/figures.ts';

/** Whether the teacher helped: the same student, from the same start, beside one that learned from labels alone. */
export interface ControlReport {
  /** False where no such student could be trained or measured; `reason` says why. */
  readonly isPossible: boolean;
  readonly reason: string | undefined;
  /** Labelled examples that it learned from. */
  readonly examples: number;
  /** Its metrics on the held-out examples after the last epoch. */
  readonly holdout: Readonly<Record<string, number>>;
  /** Accuracy of the distilled student less that of the control; above 0 where the teacher helped. */
  readonly accuracyGain: number | undefined;
  /** Each metric of the distilled student less that of the control. Calibration error and likelihood are better below 0. */
  readonly changes: Readonly<Record<string, number>>;
  /**
   * (student − control) / (teacher − control) of the accuracies, where the teacher is better than the control: 1 where
   * the student reaches its teacher.
   */
  readonly gapClosedFraction: number | undefined;
  /**
   * Whether the gain is larger than what chance makes of so many held-out examples: 1.96 standard errors of the
   * difference of two shares. Other seeds may change it further.
   */
  readonly isBeyondChance: boolean;
  /** All this in a few plain sentences. */
  readonly verdict: string;
  readonly ms: number;
}

type Metrics = Readonly<Record<string, number>>;

export interface ComparedRuns {
  /** Metrics of both on the same held-out examples; the student's hold the teacher's accuracy. */
  readonly student: Metrics;
  readonly control: Metrics;
  readonly heldOut: number;
  readonly examples: number;
  readonly ms: number;
}

export function controlReport({ student, control, heldOut, examples, ms }: ComparedRuns): ControlReport {
  const { accuracy: reached, teacherAccuracy: taught } = student;
  const { accuracy: alone } = control;
  const isKnown = reached !== undefined && alone !== undefined;
  const isBeyondChance = isKnown && Math.abs(reached - alone) > marginOf(reached, alone, heldOut);
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
    isBeyondChance,
    verdict: isKnown
      ? [
          `Distilling gave ${percent(reached)}, labels alone (${examples} examples) ${percent(alone)}` +
            `${taught === undefined ? '' : `; the teacher has ${percent(taught)}`}.`,
          judgement({ reached, alone, taught, isBeyondChance, heldOut, gapClosedFraction }),
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
    isBeyondChance: false,
    verdict: `Whether the teacher helped is not known. ${reason}`,
    ms: 0,
  };
}

function marginOf(a: number, b: number, count: number): number {
  return 1.96 * Math.sqrt((a * (1 - a) + b * (1 - b)) / count);
}

/** What both were measured by; the teacher's own accuracy is the same for both. */
function changesOf(student: Metrics, control: Metrics): Metrics {
  const shared = Object.keys(student).filter((name) => name !== 'teacherAccuracy' && control[name] !== undefined);
  return Object.fromEntries(shared.map((name) => [name, (student[name] as number) - (control[name] as number)]));
}

interface Judged {
  readonly reached: number;
  readonly alone: number;
  readonly taught: number | undefined;
  readonly isBeyondChance: boolean;
  readonly heldOut: number;
  readonly gapClosedFraction: number | undefined;
}

function judgement({ reached, alone, taught, isBeyondChance, heldOut, gapClosedFraction }: Judged): string {
  if (!isBeyondChance) return `The difference is no more than chance makes of ${heldOut} held-out examples.`;
  if (reached > alone) {
    if (gapClosedFraction === undefined) return 'It helped.';
    if (gapClosedFraction > 1) return 'It helped, and the student went past its teacher.';
    return `It helped: ${percent(gapClosedFraction)} of the gap between labels and teacher is closed.`;
  }
  if (taught !== undefined && taught <= alone) {
    return 'It did harm: the labels know more than the teacher. Use them beside it, weighted with crossEntropy(), or leave the teacher out.';
  }
  return 'It did harm, although the teacher knows more. Try more epochs, another temperature, or the labels beside the teacher, weighted with crossEntropy().';
}

function calibration({ calibrationError: own }: Metrics, { calibrationError: others }: Metrics): string {
  if (own === undefined || others === undefined) return '';
  return `Its calibration error is ${percent(own)}, that of labels alone ${percent(others)}.`;
}
