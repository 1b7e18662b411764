import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { type OptionsOf, schema, text } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { studentFromModel } from '../layersModel.ts';
import { isLayersModel, isStudent, PARTS, type Student } from '../student.ts';

const OPTIONS = schema('cohort', {
  /** Name for reports. Default: the members' names. */
  name: text(),
});

/** What a cohort is called. */
export interface CohortOptions extends OptionsOf<typeof OPTIONS> {}

/** Students that learn together, as one. */
export interface Cohort extends Student {
  readonly members: readonly Student[];
}

/**
 * Several students that learn together, in the same steps, as one student, for online distillation. The members see the
 * same inputs; the output 'logits' of the first is 'logits.0', that of the second 'logits.1', and so on (tfjs allows no
 * @ in names). Each member starts from its own seed, and after training each has its own new weights: use, save and
 * export the members. The cohort itself has no `artifacts`.
 * Shapes    the members' inputs, which must be alike; `<output>.<k>` has the shape of the member's output
 * Throws    student-invalid: fewer than two members, the same one twice, a nested cohort, or no student; when it is
 *           built: members with different inputs
 * Source    Zhang et al. 2018, "Deep Mutual Learning", arXiv:1706.00384
 * @example
 * const [small, wide] = [cnn({ classes: 10 }), mlp({ inputShape: [28, 28, 1] })];
 * await distill({ student: cohort([small, wide]), data, loss: mutual({ students: 2 }) }).done;
 */
export function cohort(members: readonly (Student | LayersModel)[], options: CohortOptions = {}): Cohort {
  const { name } = OPTIONS.read(options);
  const students = members.map((member) => (isLayersModel(member) ? studentFromModel(member) : member));
  const isTwice = new Set(members).size < members.length;
  if (students.length < 2 || isTwice || !students.every(isStudent)) {
    throw new LimbeckError(
      'student-invalid',
      `cohort needs two students or more, each of its own; it was given ${students.length}${isTwice ? ', one of them twice' : ''}. ` +
        'Give cnn(…), mlp(…) or tf.LayersModels.',
    );
  }
  if (students.some((student) => 'members' in student)) {
    throw new LimbeckError('student-invalid', 'A cohort cannot be a member of a cohort; list all students in one.');
  }
  return {
    name: name ?? students.map(({ name }) => name).join(' + '),
    artifacts: undefined,
    members: students,
    [PARTS]: students,
    portable: async () => ({
      kind: 'cohort',
      members: await Promise.all(students.map((student) => student.portable())),
    }),
    async adopt(_, trained = []) {
      await Promise.all(trained.map((artifacts, k) => students[k]?.adopt(artifacts)));
    },
  };
}

/** The name of an output of the member `k`. */
export function memberOutput(output: string, k: number): string {
  return `${output}.${k}`;
}

const membersByModel = new WeakMap<LayersModel, readonly LayersModel[]>();

/**
 * One model of all members: it owns them, and disposing it disposes them. `outputsOf` names a member's outputs.
 * Throws    student-invalid: members whose inputs differ from the first's
 */
export function joinMembers(
  tf: Tf,
  members: readonly LayersModel[],
  outputsOf: (member: LayersModel) => readonly string[],
): LayersModel {
  const [first] = members as [LayersModel];
  for (const member of members) checkSameInputs(member, first);
  const names = members.map(({ name }) => name);
  const inputs = first.inputs.map(({ shape, dtype }, i) =>
    tf.input({ shape: shape.slice(1), dtype, name: first.inputNames[i] as string }),
  );
  const outputs = members.flatMap((member, k) => {
    // tfjs needs different names within a model, and two members of one design have the same.
    member.name = `member.${k}`;
    const given = member.apply(inputs.length === 1 ? (inputs[0] as SymbolicTensor) : inputs) as
      | SymbolicTensor
      | SymbolicTensor[];
    const outputNames = outputsOf(member);
    return [given].flat().map((tensor, i) => named(tf, tensor, memberOutput(outputNames[i] as string, k)));
  });
  const joined = tf.model({ inputs, outputs, name: 'cohort' });
  members.forEach((member, k) => {
    member.name = names[k] as string;
  });
  membersByModel.set(joined, members);
  return joined;
}

/** The members of such a model, in order; none for any other model. */
export function membersOf(joined: LayersModel): readonly LayersModel[] {
  return membersByModel.get(joined) ?? [];
}

/** The same tensor as an output of that name. */
export function named(tf: Tf, tensor: SymbolicTensor, name: string): SymbolicTensor {
  return tf.layers.activation({ activation: 'linear', name }).apply(tensor) as SymbolicTensor;
}

function checkSameInputs(member: LayersModel, first: LayersModel): void {
  const [given, needed] = [inputsOf(member), inputsOf(first)];
  if (given === needed) return;
  throw new LimbeckError(
    'student-invalid',
    `The members of a cohort see the same inputs: "${member.name}" takes ${given}, "${first.name}" takes ${needed}. ` +
      'Build all for the same inputs; an mlp flattens images itself.',
    { details: { given, needed } },
  );
}

/** A single input may have any name. */
function inputsOf({ inputs, inputNames }: LayersModel): string {
  return inputs
    .map(({ shape }, i) => `${inputs.length === 1 ? '' : `"${inputNames[i]}" `}${formatShape(shape)}`)
    .join(', ');
}
