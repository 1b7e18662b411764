import {
  isAddressable,
  isRecurrentActivation,
  type RecurrentActivation,
  sequenceSizes,
} from '../kernels/recurrent/recurrent.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { hasKernel } from '../ops/kernelOr.ts';
import { type NamedTensorMap, reverse, Tensor, tidy } from '../tf.ts';
import type { LayerVariable } from '../tfNamespace.ts';

/** A recurrent layer's inputs, weights and initial states for `lstm` or `gru`. */
export interface RecurrentCall {
  readonly x: Tensor;
  readonly weights: { readonly kernel: Tensor; readonly recurrentKernel: Tensor; readonly bias?: Tensor };
  readonly recurrentActivation: RecurrentActivation;
  readonly states?: readonly Tensor[];
}

export interface RecurrentPlan {
  readonly className: string;
  readonly kernelName: string;
  readonly gates: number;
  readonly stateNames: readonly string[];
  run(call: RecurrentCall): { readonly outputs: Tensor; readonly states: readonly [Tensor, ...Tensor[]] };
}

/**
 * Calls a recurrent layer of tfjs-layers as one operation over the whole sequence. Masks, dropout in training, `unroll`
 * and other activations are left to tfjs.
 */
export function callRecurrent(
  { className, kernelName, gates, stateNames, run }: RecurrentPlan,
  ...[ofTfjs, inputs, kwargs]: Parameters<LayerPatch['call']>
): Tensor | Tensor[] | undefined {
  const layer = ofTfjs as unknown as RecurrentLayer;
  const { cell } = layer;
  const [x, ...others] = Array.isArray(inputs) ? inputs : [inputs];
  const training = kwargs?.['training'] as boolean | undefined;
  const recurrentActivation = cell.recurrentActivation.getClassName();
  if (!(x instanceof Tensor) || others.length > 0 || layer.unroll || kwargs?.['mask'] != null) return undefined;
  if (cell.getClassName() !== `${className}Cell` || cell.activation.getClassName() !== 'tanh') return undefined;
  if (!isRecurrentActivation(recurrentActivation)) return undefined;
  if (training && (isDropping(cell.dropout) || isDropping(cell.recurrentDropout))) return undefined;
  const states = (kwargs?.['initialState'] ?? (layer.stateful ? layer.states : undefined)) as Tensor[] | undefined;
  if (states && (states.length !== stateNames.length || !states.every((state) => state instanceof Tensor))) {
    return undefined;
  }
  const weights = {
    kernel: cell.kernel.read(),
    recurrentKernel: cell.recurrentKernel.read(),
    ...(cell.bias && { bias: cell.bias.read() }),
  };
  const named = Object.fromEntries((states ?? []).map((state, i) => [stateNames[i], state]));
  const all: NamedTensorMap = { x, ...weights, ...named };
  const sizes = sequenceSizes(all, gates);
  if (!sizes || !isAddressable(sizes, gates) || !hasKernel(kernelName, ...Object.values(all))) return undefined;
  return tidy(() => {
    const ordered = layer.goBackwards ? reverse(x, 1) : x;
    const result = run({ x: ordered, weights, recurrentActivation, states });
    if (layer.stateful) layer.resetStates(result.states, training);
    const output = layer.returnSequences ? result.outputs : result.states[0];
    return layer.returnState ? [output, ...result.states] : output;
  });
}

/** tfjs drops nothing at a rate of 0, nor at a rate of 1. */
function isDropping(rate: number): boolean {
  return rate > 0 && rate < 1;
}

/** Fields of a recurrent layer of tfjs-layers; the package's types show less. */
interface RecurrentLayer {
  readonly cell: RecurrentCell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly unroll: boolean;
  readonly states: readonly (Tensor | null)[];
  resetStates(states: readonly Tensor[], training?: boolean): void;
}

interface RecurrentCell {
  readonly kernel: LayerVariable;
  readonly recurrentKernel: LayerVariable;
  readonly bias: LayerVariable | null;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  readonly dropout: number;
  readonly recurrentDropout: number;
  getClassName(): string;
}

interface Activation {
  getClassName(): string;
}
