import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { derivedSeed } from '../../core/random.ts';
import { count, given, type OptionsOf, required, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { asStudent } from '../layersModel.ts';
import { type LayerPlace, type Student, type StudentChange, untrainedStudent } from '../student.ts';
import { named } from './cohort.ts';
import { layerAt, outputOf, pooled } from './layerPlace.ts';

const OPTIONS = schema('withExits', {
  /** The layers after which an exit branches off, early ones first: their names, or numbers (the input is 0). */
  at: required(given<readonly LayerPlace[]>()),
  /**
   * Width of a hidden layer in each exit, 'features.exit.0' …, which `earlyExits` can train with hints; 0 for none.
   * Default 0.
   */
  features: count(0)(0),
  /** Length of each exit's logits. Default: that of the student's own. */
  classes: count()(),
});

/** Where a student may answer early. */
export interface WithExitsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A student with further exits (BYOT): after each layer that `at` names, global average pooling and a dense layer give
 * logits of their own, 'exit.0', 'exit.1' …, in addition to 'logits'. They learn from the last output, and their
 * gradients reach its layers. At inference, `answerEarly` takes the first confident exit, and `withoutExits` removes
 * them. The given student is not changed; existing weights are kept.
 * Shapes    layers [B, F], [B, T, F] or [B, H, W, F] → exit.k [B, C]
 * Throws    invalid-option · student-invalid, when it is built: a missing layer or one of another rank, or a student
 *           with several outputs, none of them called 'logits'
 * Source    Zhang et al. 2019, "Be Your Own Teacher", arXiv:1905.08094; BranchyNet, arXiv:1709.01686
 * Differs   BYOT's exits have further convolutions; these are minimal, for use on a device
 * @example
 * const student = withExits(cnn({ classes: 10 }), { at: [2, 4] });
 * await distill({ student, data, loss: earlyExits({ exits: 2 }) }).done;
 */
export function withExits(student: Student | LayersModel, options: WithExitsOptions): Student {
  const { at, features, classes } = OPTIONS.read(options);
  checkCount(at?.length, 'length of at');
  const from = asStudent(student);
  const change: StudentChange = { to: 'exits', at, features, ...(classes !== undefined && { classes }) };
  return untrainedStudent(`${from.name} with exits`, async () => ({
    kind: 'derived',
    from: await from.portable(),
    change,
  }));
}

/** The name of an exit's output. */
export function exitOutput(k: number): string {
  return `exit.${k}`;
}

/** The model with exits; it owns the layers of the given one. */
export function addExits(
  tf: Tf,
  model: LayersModel,
  change: Extract<StudentChange, { to: 'exits' }>,
  seed: number,
): LayersModel {
  const logits = ownLogits(tf, model);
  const classes = change.classes ?? (logits.shape.at(-1) as number);
  const exits = change.at.map((place, k) => {
    const init = (part: string) => tf.initializers.glorotUniform({ seed: derivedSeed(seed, `exit/${k}/${part}`) });
    let x = pooled(tf, outputOf(layerAt(model, place)), `exit ${k}`);
    if (change.features > 0) {
      const name = `features.exit.${k}`;
      const hidden = tf.layers.dense({
        units: change.features,
        activation: 'relu',
        name,
        kernelInitializer: init('features'),
      });
      x = hidden.apply(x) as SymbolicTensor;
    }
    const head = tf.layers.dense({ units: classes, name: exitOutput(k), kernelInitializer: init('logits') });
    return head.apply(x) as SymbolicTensor;
  });
  return tf.model({ inputs: model.inputs, outputs: [logits, ...exits], name: model.name });
}

/** The model's own output, renamed to 'logits'. */
function ownLogits(tf: Tf, { outputs }: LayersModel): SymbolicTensor {
  // A sequential model does not know the names of its outputs.
  const outputNames = outputs.map(({ sourceLayer }) => sourceLayer.name);
  const at = outputNames.indexOf(DEFAULT_OUTPUT);
  if (at >= 0) return outputs[at] as SymbolicTensor;
  if (outputs.length === 1) return named(tf, outputs[0] as SymbolicTensor, DEFAULT_OUTPUT);
  throw new LimbeckError(
    'student-invalid',
    `Exits are added to one output, 'logits'; the student has ${outputNames.map((name) => `"${name}"`).join(', ')}. ` +
      'Call the layer of the main one "logits".',
    { details: { outputs: outputNames } },
  );
}
