import { figures, percent } from '../core/figures.ts';
import { argMax } from '../core/stats.ts';
import type { FittedTemperature } from './fitTemperature.ts';
import type { Disagreement, TeacherFigures, TruthFigures } from './teacherReport.ts';

/** Thresholds for the findings; each is our own choice. */
const LIMITS = {
  /** For confidence minus accuracy, and for the calibration error. */
  calibration: 0.05,
  /** Fractions of log C: below, answers are little more than labels; above, little more than noise. */
  sharpEntropy: 0.02,
  flatEntropy: 0.9,
  /** The share of one class among the answers, relative to an even share. */
  dominance: 3,
  unsure: 0.2,
  disagreement: 0.1,
  /** The fraction of a calibration error that a temperature must remove to be worth it. */
  mended: 0.1,
  /** How much worse a class must be than the average to be reported. */
  weakClass: 0.15,
  /** Examples that a class needs, on average or actually, to be reported. */
  perClass: 10,
} as const;

/** What to know about a teacher before it teaches, in plain sentences; none if nothing is unusual. */
export function findingsOf(figures: TeacherFigures, examples: number, confidence: number): string[] {
  const { name } = figures;
  const found = [
    ...brokenAnswers(figures, examples),
    ...(figures.notFinite === examples || figures.isConstant
      ? []
      : [...sharpness(figures), ...balance(figures, examples), ...doubts(figures, confidence)]),
    ...(figures.truth ? beside(figures.truth, figures) : []),
  ];
  return found.map((sentence) => `${name}: ${sentence}`);
}

export function disagreementFindings(disagreements: readonly Disagreement[], names: readonly string[]): string[] {
  return disagreements.flatMap(({ teachers: [first, second], fraction }) => {
    const pair = `${names[first]} and ${names[second]}`;
    if (fraction === 0) return [`${pair} name the same class for every example: one of them is enough.`];
    if (!(fraction > LIMITS.disagreement)) return [];
    return [
      `${pair} name different classes for ${percent(fraction)} of the examples. ensemble(…) averages them; with labels, ` +
        'weigh them by their accuracy.',
    ];
  });
}

function brokenAnswers(figures: TeacherFigures, examples: number): string[] {
  const { notFinite, isConstant, looksLikeProbs, fromProbs } = figures;
  return [
    ...(notFinite > 0
      ? [`${notFinite} of ${examples} answers hold NaN or infinite values. Check the inputs, and leave these out.`]
      : []),
    ...(isConstant
      ? ['the same answer for every example, so there is nothing to learn from. Check how its inputs are prepared.']
      : []),
    ...(looksLikeProbs
      ? ['the answers look like probabilities, and were read as logits, as "given" says. Leave it out, or say "probs".']
      : []),
    ...(fromProbs
      ? ['the answers are probabilities, not logits; they are read so here and by distill, as their logarithms.']
      : []),
  ];
}

function sharpness({ entropyFraction, confidence, looksLikeProbs }: TeacherFigures): string[] {
  if (looksLikeProbs) return [];
  if (entropyFraction < LIMITS.sharpEntropy) {
    return [
      `${percent(confidence)} sure on average: at temperature 1 its answers are hardly more than labels. A temperature of ` +
        '4 or more in the loss shows the student what else it knows.',
    ];
  }
  if (entropyFraction > LIMITS.flatEntropy) {
    return [
      `its answers are close to even (${percent(entropyFraction)} of the highest entropy). A temperature below 1 sharpens ` +
        'them; or it does not know this kind of data.',
    ];
  }
  return [];
}

function balance({ predicted }: TeacherFigures, examples: number): string[] {
  if (examples < LIMITS.perClass * predicted.length) return [];
  const never = predicted.flatMap((count, c) => (count === 0 ? [c] : []));
  const favourite = argMax(predicted, 0, predicted.length);
  const most = predicted[favourite] as number;
  const isDominated = most / examples > Math.min(0.9, LIMITS.dominance / predicted.length);
  return [
    ...(isDominated
      ? [`class ${favourite} is ${percent(most / examples)} of its answers. confident(…, { perClass }) balances them.`]
      : []),
    ...(never.length > 0 ? [`it never names ${list(never)} of ${predicted.length} classes.`] : []),
  ];
}

function doubts({ unsureFraction }: TeacherFigures, confidence: number): string[] {
  if (!(unsureFraction > LIMITS.unsure)) return [];
  return [
    `${percent(unsureFraction)} of its answers are less than ${percent(confidence)} sure. confident(…, { least: ` +
      `${confidence} }) leaves them out.`,
  ];
}

function beside(truth: TruthFigures, { confidence, predicted }: TeacherFigures): string[] {
  const { accuracy, classAccuracy, confusion } = truth;
  const isSeen = (c: number) => (confusion[c] ?? []).reduce((sum, count) => sum + count, 0) >= LIMITS.perClass;
  const chance = 1 / predicted.length;
  const weak = classAccuracy.flatMap((value, c) => (value < accuracy - LIMITS.weakClass && isSeen(c) ? [c] : []));
  return [
    ...(accuracy <= 1.5 * chance
      ? [
          `right in ${percent(accuracy)}, where guessing gives ${percent(chance)}. Check the order of classes and the inputs.`,
        ]
      : calibration(truth, confidence)),
    ...(weak.length > 0
      ? [
          `much weaker than elsewhere on ${list(weak)} (${weak.map((c) => percent(classAccuracy[c] as number)).join(', ')} right).`,
        ]
      : []),
  ];
}

function calibration({ accuracy, calibrationError, fitted }: TruthFigures, confidence: number): string[] {
  if (calibrationError <= LIMITS.calibration) return [];
  const gap = confidence - accuracy;
  const said =
    Math.abs(gap) > LIMITS.calibration
      ? `${percent(confidence)} sure on average, but right in ${percent(accuracy)}.`
      : `how sure it is tells little of how often it is right (calibration error ${percent(calibrationError)}).`;
  return [fitted === undefined ? said : `${said} ${advice(fitted)}`];
}

/** The temperature with the highest likelihood does not always bring confidence and accuracy together. */
function advice({ temperature, calibrationError: { before, after } }: FittedTemperature): string {
  return before - after > LIMITS.mended * before
    ? `calibrated(teacher, ${figures(temperature)}) takes the calibration error from ${percent(before)} to ${percent(after)}.`
    : `No temperature mends that: with the likeliest, ${figures(temperature)}, the calibration error is ${percent(after)}.`;
}

const MOST_NAMED = 8;

function list(classes: readonly number[]): string {
  const named = classes.slice(0, MOST_NAMED).join(', ');
  const rest = classes.length - MOST_NAMED;
  return `${classes.length === 1 ? 'class' : 'classes'} ${named}${rest > 0 ? ` and ${rest} more` : ''}`;
}
