import { count, given, type OptionsOf, schema } from '../../core/schema.ts';
import { makeArray, type NdArray } from '../../core/shape.ts';
import { argMax } from '../../core/stats.ts';
import { fromArrays } from '../../data/arrays.ts';
import { artifactsFrom, nameOf, type StudentSource } from '../../student/artifacts.ts';
import { applyPatch } from '../../student/patch/applyPatch.ts';
import { baseHash } from '../../student/patch/baseHash.ts';
import type { Patch } from '../../student/patch/patch.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../../student/student.ts';
import { classifierOf } from '../../student/topology/classifier.ts';
import { headOf } from '../../student/topology/headOf.ts';
import { inputShapesOf } from '../../student/topology/inputShapesOf.ts';
import { withLogits } from '../../student/topology/withLogits.ts';
import { borrowTrainer, openLender } from '../../train/borrowTrainer.ts';
import type { TrainerUse } from '../../train/pageTrainer.ts';
import type { Trainer, TrainerOptions } from '../../train/trainer.ts';
import { answersOf } from '../adaptable.ts';
import type { LearnBudget } from '../budget.ts';
import { GUARD, type GuardOptions } from '../guard/guardOptions.ts';
import { KEEP, type KeepOptions, replayedBy } from '../keepOptions.ts';
import type { Method } from '../method.ts';
import { headOnly } from '../methods/headOnly.ts';
import { lora } from '../methods/lora.ts';
import { personalize } from '../personalize.ts';
import { checkLastingPrivacy, type LastingPrivacyOptions } from '../privacy/lastingPrivacy.ts';
import { spendOf } from '../privacy/privacyOf.ts';
import type { PersonalPatch } from '../runPersonalize.ts';
import type { ProfileSpend } from './privacy.ts';
import type { KeptExamples, LearnProgress, LearnResult, ProfileLearner } from './profile.ts';

const OPTIONS = schema('studentLearner', {
  /**
   * How it learns. Default: headOnly() where features are kept, lora() where examples are; class means replace either
   * if a class has only one example.
   */
  method: given<Method>(),
  /** Replayed examples need a profile that keeps examples. Default: nothing. */
  keep: given<KeepOptions>(KEEP.read),
  /** What a version must not make worse. */
  guard: given<GuardOptions>(GUARD.read),
  /**
   * Hides each example in noise (DP-SGD), in every version and over all of them: the profile keeps a ledger, and `budget`
   * ends learning. A version spends from its first noisy step on, finished or not, so a profile that learns by itself
   * spends often; learning: 'asked' leaves it to you. The set of classes is not hidden, so labels that the profile does not
   * have are refused. Default: none.
   */
  privacy: given<LastingPrivacyOptions>(checkLastingPrivacy),
  /** As `personalize` takes it. Default: 0. */
  seed: count(0)(),
  /** An open trainer, which stays open; or how to open the page's. Default: the page's, on all its cores. */
  trainer: given<Trainer | TrainerOptions>(),
});

/** How a profile's student learns, as `personalize` takes it. */
export interface StudentLearnerOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * How a profile learns by default: the student's last layer, or small matrices added to its weights, guarded by held-out
 * examples.
 * Throws    invalid-option · student-invalid: a base without weights, or without a dense layer at its end
 */
export function studentLearner(options: StudentLearnerOptions = {}): (base: StudentSource) => Promise<ProfileLearner> {
  const settings = OPTIONS.read(options);
  const { privacy } = settings;
  const spendFor = privacy && planner(privacy, settings);
  return async (base) => {
    const artifacts = await artifactsFrom(base);
    const classifier = classifierOf(artifacts);
    const lender = openLender(settings.trainer);
    const hash = await baseHash(artifacts);
    const logits = withLogits(artifacts);
    let patched: { readonly patch: Patch; readonly student: Promise<Student> } | undefined;
    const plain = studentFromArtifacts(nameOf(base), logits);
    const studentWith = (patch: Patch | undefined) => {
      if (patch === undefined) return plain;
      if (patched?.patch !== patch) patched = { patch, student: logitsWith(artifacts, patch) };
      return patched.student;
    };
    return {
      inputs: inputShapesOf(artifacts),
      classes: classifier.classes,
      async features(inputs, signal = new AbortController().signal) {
        await using borrowed = await lender.lend();
        const { trainer } = borrowed;
        return (await answersOf({ artifacts: logits, classifier, trainer, signal }, inputs)).features;
      },
      ...(spendFor && { privacy: { budget: privacy?.budget, spendFor } }),
      ready: async (signal) => borrowTrainer(await lender.forRun(), { signal, emit: () => undefined }),
      learn: async (kept, budget, emit, signal, begin, turn?: TrainerUse) =>
        learnFrom({
          ...{ artifacts, hash, kept, budget, emit, signal, options: settings },
          trainer: turn?.trainer ?? (await lender.forRun()),
          ...(spendFor && { hiding: { begin, spend: spendFor(kept.ids.length) } }),
        }),
      async predict(patch, inputs) {
        await using borrowed = await lender.lend();
        const answers = await borrowed.trainer.predict(await studentWith(patch), inputs);
        return probsOf((answers['logits'] ?? Object.values(answers)[0]) as NdArray);
      },
      [Symbol.asyncDispose]: () => lender[Symbol.asyncDispose](),
    };
  };
}

async function logitsWith(artifacts: StudentArtifacts, patch: Patch): Promise<Student> {
  const { name, artifacts: patched } = await applyPatch(artifacts, patch);
  return studentFromArtifacts(name, withLogits(patched as StudentArtifacts));
}

interface Asked {
  readonly artifacts: StudentArtifacts;
  readonly hash: string;
  readonly kept: KeptExamples;
  readonly budget: LearnBudget;
  readonly emit: (event: LearnProgress) => void;
  readonly signal: AbortSignal;
  readonly trainer: Trainer | TrainerOptions | undefined;
  readonly options: StudentLearnerOptions;
  /** Undefined where it learns without noise. */
  readonly hiding?: { readonly begin: () => Promise<void>; readonly spend: ProfileSpend };
}

async function learnFrom({
  artifacts,
  hash,
  kept,
  budget,
  emit,
  signal,
  trainer,
  options,
  hiding,
}: Asked): Promise<LearnResult> {
  const hasFeatures = kept.keeps === 'features';
  const classifier = classifierOf(artifacts);
  const { method = hasFeatures ? headOnly() : lora(), keep, guard, privacy, seed } = options;
  const { clipNorm } = privacy ?? {};
  const student = hasFeatures
    ? headOf(withLogits(artifacts), classifier, (kept.inputs['features'] as NdArray).shape.slice(1))
    : artifacts;
  const isNew = kept.classes.length > classifier.classes;
  const run = personalize({
    student: studentFromArtifacts('base', student),
    data: fromArrays(kept.inputs, kept.labels),
    method: hiding === undefined ? method : beginning(method, hiding.begin),
    labels: kept.classes,
    classes: kept.classes.length,
    ...(keep && { keep }),
    ...(guard && { guard }),
    // Exactly the numbers that the profile has accounted for.
    ...(hiding && { privacy: { ...hiding.spend, ...(clipNorm !== undefined && { clipNorm }) } }),
    ...(seed !== undefined && { seed }),
    budget,
    trainer,
    signal,
  });
  for await (const event of run) {
    if (event.type !== 'step') continue;
    emit({ type: 'progress', step: event.runStep, steps: event.runSteps, loss: event.loss });
  }
  const { report, ...patch }: PersonalPatch = await run.done;
  const told = JSON.parse(JSON.stringify(report));
  if (!report.verdict.isAccepted) return { patch: undefined, why: report.verdict.why, report: told };
  // The last layer alone has other bytes than the whole; its weights are called the same.
  const whole: Patch = { ...patch, base: hash, ...(isNew && { classes: kept.classes.length }) };
  return { patch: whole, report: told };
}

/** Finding the noise for an epsilon takes time, and a run asks twice. */
function planner(
  { budget: _, ...privacy }: LastingPrivacyOptions,
  { guard, keep }: StudentLearnerOptions,
): (examples: number) => ProfileSpend {
  const counts = { heldFraction: GUARD.read(guard ?? {}).holdoutFraction, replayed: replayedBy(keep) };
  let last: { readonly examples: number; readonly spend: ProfileSpend } | undefined;
  return (examples) => {
    if (last?.examples !== examples) last = { examples, spend: spendOf(privacy, { ...counts, own: examples }) };
    return last.spend;
  };
}

/** Spends only now, when everything that can be refused was checked. */
function beginning(method: Method, begin: () => Promise<void>): Method {
  const learn: Method['learn'] = async (lesson) => {
    await begin();
    return method.learn(lesson);
  };
  return Object.assign(Object.create(method), { learn });
}

function probsOf({ data, shape }: NdArray): NdArray {
  const classes = shape.at(-1) as number;
  const probs = makeArray('float32', data.length);
  for (let from = 0; from < data.length; from += classes) {
    const top = data[from + argMax(data, from, classes)] as number;
    let sum = 0;
    for (let c = from; c < from + classes; c++) sum += Math.exp((data[c] as number) - top);
    for (let c = from; c < from + classes; c++) probs[c] = Math.exp((data[c] as number) - top) / sum;
  }
  return { data: probs, shape };
}
