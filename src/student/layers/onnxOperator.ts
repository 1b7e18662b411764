import { LimbeckError } from '../../core/errors.ts';
import type { Attributes, Compute } from '../../onnx/operator.ts';
import { onnxNameOf, operatorOf } from '../../onnx/operators.ts';
import * as operations from '../../runtime/operations.ts';
import type { Tensor } from '../../runtime/tf.ts';
import type { Layer, LayerVariable, Tf } from '../../runtime/tfNamespace.ts';
import { layerClass } from './layerClass.ts';

/** What an operator layer is made with; plain values, which a saved model holds. */
export interface OnnxOperatorConfig {
  readonly name?: string;
  readonly trainable?: boolean;
  /**
   * ONNX's operator with a lower-case first letter, such as 'reduceMean'. Axes are those of the tensors in the
   * student's layout.
   */
  readonly operator: string;
  readonly attributes: Attributes;
  /** Where each operand comes from, in ONNX's order: a tensor, the next of `numbers`, or the next weight. */
  readonly operands: readonly ('tensor' | 'number' | 'weight')[];
  readonly numbers: readonly number[];
  readonly weightPlans: readonly WeightPlan[];
  /** Shape of the result; a free length is null. */
  readonly shape: readonly (number | null)[];
}

export interface WeightPlan {
  readonly name: string;
  readonly shape: readonly number[];
  /** 0: does not learn, such as a mask. */
  readonly learns: 0 | 1;
}

/**
 * One ONNX operator for which tfjs has no layer, with the numbers and weights that the model gives it.
 * Shapes    tensors in the student's layout, mostly channels last → `shape`
 * Throws    invalid-option: an operator that cannot be computed
 */
export function onnxOperator(tf: Tf, config: OnnxOperatorConfig): Layer {
  return new (onnxOperatorClass(tf))(config);
}

/** tfjs's class of the layer; a saved model needs it to be built again. */
export const onnxOperatorClass = layerClass(
  (tf) =>
    class OnnxOperator extends tf.layers.Layer {
      static readonly className = 'OnnxOperator';
      private readonly config: Omit<OnnxOperatorConfig, 'name' | 'trainable'>;
      private held: readonly LayerVariable[] = [];

      constructor(config: OnnxOperatorConfig) {
        super(config as never);
        const { operator, attributes, operands, numbers, weightPlans, shape } = config;
        if (computeOf(operator) === undefined) {
          throw new LimbeckError('invalid-option', `No layer computes the ONNX operator "${operator}".`);
        }
        this.config = { operator, attributes, operands, numbers, weightPlans, shape };
      }

      override build(inputShape: number[]): void {
        const zeros = tf.initializers.zeros();
        this.held = this.config.weightPlans.map(({ name, shape, learns }) =>
          this.addWeight(name, [...shape], 'float32', zeros, undefined, learns === 1),
        );
        super.build(inputShape);
      }

      override computeOutputShape(): number[] {
        return [...this.config.shape] as number[];
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        const { operator, attributes, operands, numbers } = this.config;
        const compute = computeOf(operator) as Compute;
        return tf.tidy(() => {
          const [tensors, scalars, weights] = [[inputs].flat(), [...numbers], [...this.held]];
          const values = operands.map((kind) => {
            if (kind === 'tensor') return tensors.shift() as Tensor;
            return kind === 'number' ? tf.scalar(scalars.shift() as number) : (weights.shift() as LayerVariable).read();
          });
          return compute(tf, values, attributes, operations);
        });
      }

      override getConfig() {
        return { ...super.getConfig(), ...this.config } as unknown as ReturnType<Layer['getConfig']>;
      }
    },
);

/** Finds what computes an operator, by its lower-case name. */
function computeOf(operator: string): Compute | undefined {
  return operatorOf('', onnxNameOf(operator) ?? '')?.compute;
}
