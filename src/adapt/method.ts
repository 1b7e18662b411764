import type { SecretKey } from '../core/secretKey.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import type { Patch } from '../student/patch/patch.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Classifier } from '../student/topology/classifier.ts';
import type { AnchorOptions } from '../train/parts/adaptation/adaptation.ts';
import type { Trainer } from '../train/trainer.ts';
import type { LearnBudget } from './budget.ts';
import type { PersonalizeEvent } from './events.ts';
import type { LessonSequences } from './examples.ts';
import type { PrivacySpent } from './personalizeReport.ts';

/** How a student is adapted: a file of `methods/` each. */
export interface Method {
  /** As reports call it. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether it learns from labels; without, it needs none. */
  readonly readsLabels: boolean;
  /** Whether it learns from sequences too, such as the texts of lines, where a student answers for each step. Default false. */
  readonly readsSequences?: boolean;
  /** Whether a class may have a single example. */
  readonly takesOneExample: boolean;
  /**
   * Whether it changes the last layer alone, reads no inputs, and is so fast that it can be judged by cross-fitting: each
   * part of the examples by what the others taught. Otherwise a part of them is held out.
   */
  readonly crossFits?: (lesson: Lesson) => boolean;
  /** The changes to the base. Throws what training throws. */
  learn(lesson: Lesson): Promise<Pick<Patch, 'changes' | 'memory'>>;
}

/** What a method learns from, and with. */
export interface Lesson {
  /** The student as it is, with rows of zeros for new classes. */
  readonly base: StudentArtifacts;
  readonly classifier: Classifier;
  /** Examples to learn from, the person's own first, then replayed ones: [N, ...] by name. */
  readonly inputs: NamedArrays;
  /** [N]; all 0 where there are sequences. */
  readonly labels: Int32Array;
  /** The sequence of each example [N, L] and the class that stands for nothing, where the student answers for each step. */
  readonly sequences?: LessonSequences | undefined;
  readonly size: number;
  /** How many of these are the person's, varied copies counted in. */
  readonly own: number;
  /**
   * How many varied copies of each follow the person's examples: copy c of example i at i + c · how many there are.
   * Default 0.
   */
  readonly copies?: number;
  /**
   * What the base says of them: the features before its last layer [N, F], and its logits [N, C]; for each step [N, T, F]
   * and [N, T, C] where there are sequences.
   */
  readonly features: NdArray;
  readonly logits: NdArray;
  /** Weight of the base's own answers, where labels have 1 (LwF); 0: none. */
  readonly formerWeight: number;
  readonly anchor: AnchorOptions | undefined;
  readonly privacy: LessonPrivacy | undefined;
  readonly budget: LearnBudget;
  /** Whether the result is only judged and not kept, so that less precision will do. */
  readonly isRehearsal?: boolean;
  readonly seed: number;
  readonly trainer: Pick<Trainer, 'train'>;
  readonly emit: (event: PersonalizeEvent) => void;
  readonly signal: AbortSignal;
}

/** The noise that hides each example, and how often examples are drawn. Nothing here depends on the examples themselves. */
export interface LessonPrivacy {
  readonly clipNorm: number;
  readonly noiseMultiplier: number;
  readonly sampleFraction: number;
  readonly steps: number;
  readonly noiseSeed: SecretKey;
  /** Of the examples to learn from, how many are expected: which are held out is chance. */
  readonly expected: number;
  readonly expectedLot: number;
  readonly expectedHeld: number;
  /** What the guard's choice may tell of a held-out example, in nats; undefined where none is held out. */
  readonly guardEpsilon: number | undefined;
  readonly spent: PrivacySpent;
}

/** How many of a lesson's examples are the person's as they came. */
export function originalsOf({ own, copies = 0 }: Pick<Lesson, 'own' | 'copies'>): number {
  return own / (1 + copies);
}
