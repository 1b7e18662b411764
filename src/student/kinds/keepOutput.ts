import { LimbeckError } from '../../core/errors.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import { artifactsOf } from '../layersModel.ts';
import type { StudentArtifacts } from '../student.ts';

/**
 * The layers that lead to one output, with their weights, and the inputs that they need.
 * Throws    student-invalid: no output of that name
 */
export async function keepOutput(artifacts: StudentArtifacts, output: string): Promise<StudentArtifacts> {
  const [{ buildStudent, settleBackend }, tf] = await Promise.all([
    import('../build.ts'),
    import('../../runtime/tf.ts'),
  ]);
  await settleBackend(tf);
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  try {
    const at = model.outputNames.indexOf(output);
    const tensor = model.outputs[at];
    if (tensor === undefined) {
      throw new LimbeckError(
        'student-invalid',
        `The student "${model.name}" has no output "${output}"; it has ${model.outputNames.map((name) => `"${name}"`).join(', ')}.`,
        { details: { output, outputs: model.outputNames } },
      );
    }
    const needed = tensorsBefore(tensor);
    const inputs = model.inputs.filter((input) => needed.has(input));
    return await artifactsOf(tf.model({ inputs, outputs: tensor, name: model.name }));
  } finally {
    model.dispose();
  }
}

/** This one, and all that it is computed from. */
function tensorsBefore(tensor: SymbolicTensor, found = new Set<SymbolicTensor>()): Set<SymbolicTensor> {
  if (found.has(tensor)) return found;
  found.add(tensor);
  const node = tensor.sourceLayer.inboundNodes[tensor.nodeIndex];
  for (const input of node?.inputTensors ?? []) tensorsBefore(input, found);
  return found;
}
