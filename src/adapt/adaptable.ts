import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { applyPatch } from '../student/patch/applyPatch.ts';
import { baseHash } from '../student/patch/baseHash.ts';
import type { Patch } from '../student/patch/patch.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import { type Classifier, classifierOf, withClasses, withFeatures } from '../student/topology/classifier.ts';
import { withLogits } from '../student/topology/withLogits.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';

/** What is adapted: a student, or an ONNX model whose learning part is a student. */
export interface Adaptable {
  /** What methods change, with rows of zeros for new classes. */
  readonly artifacts: StudentArtifacts;
  readonly classifier: Classifier;
  /** How many classes it knew before. */
  readonly known: number;
  /** As patches name it. */
  readonly hash: string;
  /** What it says of examples: the features that its last layer reads [N, F], and its logits [N, C]. */
  answers(inputs: NamedArrays): Promise<StudentAnswers>;
  /** Its logits as it came [N, known], or with a patch [N, C]. */
  logits(inputs: NamedArrays, patch?: Patch): Promise<NdArray>;
}

export interface StudentAnswers {
  readonly features: NdArray;
  readonly logits: NdArray;
}

/** Which student answers, and where. */
export interface Asked {
  readonly artifacts: StudentArtifacts;
  readonly classifier: Classifier;
  readonly trainer: Trainer;
  readonly signal: AbortSignal;
}

/** A student that is to know `classes` classes, and answers in a trainer. Throws    student-invalid: see `classifierOf` */
export async function adaptableStudent(
  artifacts: StudentArtifacts,
  classes: number | undefined,
  { trainer, signal }: Pick<Asked, 'trainer' | 'signal'>,
): Promise<Adaptable> {
  const { classes: known } = classifierOf(artifacts);
  const plain = withLogits(artifacts);
  const grown = (classes ?? known) > known ? withClasses(plain, classes as number, 'zeros') : plain;
  const asked = { artifacts: grown, classifier: classifierOf(grown), trainer, signal };
  return {
    artifacts: grown,
    classifier: asked.classifier,
    known,
    hash: await baseHash(artifacts),
    answers: (inputs) => answersOf(asked, inputs),
    async logits(inputs, patch) {
      const one = patch === undefined ? artifacts : (await applyPatch(artifacts, patch)).artifacts;
      const student = studentFromArtifacts('measured', withLogits(one as StudentArtifacts));
      const answers = await predictAll(trainer, student, fromArrays(inputs), signal);
      return (answers[DEFAULT_OUTPUT] ?? Object.values(answers)[0]) as NdArray;
    },
  };
}

/** What a student says of examples: the features before its last layer [N, F], and its logits [N, C]. */
export async function answersOf(
  { artifacts, classifier, trainer, signal }: Asked,
  inputs: NamedArrays,
): Promise<StudentAnswers> {
  const student = studentFromArtifacts('features', withFeatures(artifacts, classifier));
  const answers = await predictAll(trainer, student, fromArrays(inputs), signal);
  return {
    features: answers[classifier.features] as NdArray,
    logits: answers[classifier.layer] as NdArray,
  };
}
