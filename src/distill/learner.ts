import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { Loss } from '../losses/loss.ts';
import type { PortableStudent, Student, StudentArtifacts } from '../student/student.ts';
import { isSoftmaxLayer, withWeightsOf } from '../student/topology/classifier.ts';
import { refuseSoftmax, softmaxOf, withLogits } from '../student/topology/withLogits.ts';
import { outputKindOf } from '../train/outputKind.ts';

/** A student as a run trains it: without its final softmax if losses read its output as logits. */
export interface Learner extends Student {
  /** A sentence about what was left out, once it was made portable; undefined if nothing was. */
  readonly notice: string | undefined;
  /** Trained artifacts, with what was left out restored. */
  restored(trained: StudentArtifacts): StudentArtifacts;
}

/**
 * Throws, when it is made portable: student-invalid: it consists of students that end in a softmax, or the loss reads a
 * softmax layer as logits by the layer's name
 */
export function learnerOf(student: Student, loss: Loss): Learner {
  let whole: StudentArtifacts | undefined;
  let notice: string | undefined;
  const restored = (trained: StudentArtifacts) => (whole === undefined ? trained : withWeightsOf(whole, trained));
  return {
    name: student.name,
    get artifacts() {
      return student.artifacts;
    },
    get notice() {
      return notice;
    },
    async portable() {
      const portable = await student.portable();
      if (portable.kind !== 'artifacts') {
        if (readsLogits(loss, DEFAULT_OUTPUT)) for (const part of artifactsWithin(portable)) refuseSoftmax(part);
        return portable;
      }
      const { artifacts } = portable;
      const last = softmaxOf(artifacts);
      if (last === undefined) return portable;
      const isNamed = readsLogits(loss, last.name);
      if (!isNamed && !readsLogits(loss, DEFAULT_OUTPUT)) return portable;
      // Without a separate softmax layer there is no output of that name.
      if (isNamed && isSoftmaxLayer(last)) refuseSoftmax(artifacts);
      whole = artifacts;
      notice =
        `The student "${student.name}" ends in a softmax ("${last.name}"), and the loss "${loss.name}" reads logits: it learns ` +
        'from what goes into the softmax, and gives probabilities afterwards as before.';
      return { kind: 'artifacts', artifacts: withLogits(artifacts) };
    },
    adopt: (trained, members) => student.adopt(restored(trained), members),
    restored,
  };
}

/** For several students in one, the output `<output>.<k>` belongs to the k-th. */
function readsLogits(loss: Loss, output: string): boolean {
  const read = loss.reads.student.filter((name) => name === output || name.startsWith(`${output}.`));
  return read.some((name) => ['classes', 'tokens'].includes(outputKindOf(loss, name, undefined)));
}

function artifactsWithin(portable: PortableStudent): StudentArtifacts[] {
  if (portable.kind === 'artifacts') return [portable.artifacts];
  if (portable.kind === 'derived') return artifactsWithin(portable.from);
  return portable.kind === 'cohort' ? portable.members.flatMap(artifactsWithin) : [];
}
