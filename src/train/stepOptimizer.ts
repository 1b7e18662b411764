import { LimbeckError } from '../core/errors.ts';
import { checkNotNegative } from '../core/options.ts';
import { formatShape, isSameShape, type NdArray } from '../core/shape.ts';
import { optimizerStep, type StepNumbers, type StepParameter, type StepRule } from '../runtime/ops/optimizerStep.ts';
import type { NamedTensorMap, Optimizer, serialization, Tensor, Variable } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';

export interface StepSettings extends Omit<StepNumbers, 'step'> {
  readonly name: StepRule;
  readonly decay: 'all' | 'matrices';
}

/** An optimizer's state as plain values: with it and the weights a run continues bit for bit. */
export interface OptimizerState {
  /** Steps taken so far. */
  readonly iterations: number;
  /** In the order in which the optimizer first saw the variables; each slot has the shape of its variable. */
  readonly variables: readonly { readonly name: string; readonly slots: readonly NdArray[] }[];
}

/** A tfjs optimizer whose step is one call over all variables. */
export interface StepOptimizer extends Optimizer {
  readonly settings: StepSettings;
  /**
   * `squares` is the sum of all squared gradients, if it is known: on a GPU the optimizer would have to wait for it.
   * Throws not-finite: a gradient is NaN or infinite; nothing has changed then.
   */
  applyGradients(gradients: NamedTensorMap | NamedTensor[], squares?: number): void;
  /** For schedules: the rate of the steps from now on. Throws invalid-option: not finite, or below 0. */
  setLearningRate(learningRate: number): void;
  state(): OptimizerState;
  /**
   * Continues from a state. Variables get their slots in the order of the gradients, not by name, because tfjs gives the
   * weights of a rebuilt model new names. Throws invalid-option: a state of another kind of optimizer. The next step throws
   * shape-mismatch: a state of other variables.
   */
  restore(state: OptimizerState): void;
}

type NamedTensor = Awaited<ReturnType<Optimizer['getWeights']>>[number];

/** What tfjs appends to the variable's name for its slots. */
const SLOT_NAMES: Readonly<Record<StepRule, readonly string[]>> = {
  sgd: [],
  momentum: ['momentum'],
  nesterov: ['momentum'],
  adam: ['m', 'v'],
  adamw: ['m', 'v'],
  lamb: ['m', 'v'],
  lion: ['m'],
};

/**
 * An optimizer on this thread's backend, instead of tfjs's own; its maker disposes it. `getWeights` returns copies that the
 * caller owns.
 */
export function stepOptimizer(tf: Tf, given: StepSettings): StepOptimizer {
  const slotNames = SLOT_NAMES[given.name];

  class FusedOptimizer extends tf.Optimizer implements StepOptimizer {
    settings = given;
    private readonly parameters = new Map<string, StepParameter>();
    /** For variables that were not seen since. */
    private restored: OptimizerState['variables'][number][] = [];
    private isDisposed = false;

    override getClassName(): string {
      return given.name;
    }

    override applyGradients(gradients: NamedTensorMap | NamedTensor[], squares?: number): void {
      this.requireLive();
      const parameters: StepParameter[] = [];
      const add = (name: string, gradient: Tensor | null | undefined) => {
        // tfjs gives none for a variable that the loss does not reach.
        if (!gradient) return;
        const parameter = this.parameterOf(name);
        parameter.gradient = gradient;
        parameters.push(parameter);
      };
      if (Array.isArray(gradients)) for (const { name, tensor } of gradients) add(name, tensor);
      else for (const name of Object.keys(gradients)) add(name, gradients[name]);
      const numbers = { ...this.settings, step: this.iterations + 1 };
      const call = { rule: given.name, parameters, numbers, squares };
      if (parameters.length > 0) optimizerStep(tf, call);
      this.incrementIterations();
    }

    setLearningRate(learningRate: number): void {
      this.settings = { ...this.settings, learningRate: checkNotNegative(learningRate, 'learningRate') };
    }

    state(): OptimizerState {
      this.requireLive();
      const seen = [...this.parameters].map(([name, { slots }]) => ({ name, slots: slots.map(copyOf) }));
      return { iterations: this.iterations, variables: [...seen, ...this.restored] };
    }

    restore({ iterations, variables }: OptimizerState): void {
      this.requireLive();
      const odd = variables.find(({ slots }) => slots.length !== slotNames.length);
      if (odd !== undefined) throw otherKind(given.name, odd.slots.length, slotNames.length);
      this.freeSlots();
      this.iterations_ = iterations;
      this.restored = [...variables];
    }

    override async getWeights(): Promise<NamedTensor[]> {
      const { variables } = this.state();
      const slotsOf = (slotName: string, i: number) =>
        variables.map(({ name, slots }) => ({ name: `${name}/${slotName}`, tensor: toTensor(slots[i] as NdArray) }));
      return [await this.saveIterations(), ...slotNames.flatMap(slotsOf)];
    }

    override async setWeights(weights: NamedTensor[]): Promise<void> {
      const iterations = (await weights[0]?.tensor.data())?.[0] ?? 0;
      const slots = weights.slice(1);
      const count = slots.length / slotNames.length;
      if (slots.length > 0 && !Number.isInteger(count)) throw otherKind(given.name, slots.length, slotNames.length);
      const variables = slots.slice(0, count || 0).map(({ name }, i) => ({
        name: name.replace(/\/[^/]*$/, ''),
        slots: slotNames.map((_, slot) => copyOf((slots[slot * count + i] as NamedTensor).tensor)),
      }));
      this.restore({ iterations, variables });
    }

    override getConfig(): serialization.ConfigDict {
      const { clipNorm, ...config } = this.settings;
      return clipNorm === undefined ? config : { ...config, clipNorm };
    }

    override dispose(): void {
      this.freeSlots();
      this.isDisposed = true;
    }

    private parameterOf(name: string): StepParameter {
      const variable = tf.engine().registeredVariables[name];
      if (variable === undefined) throw new LimbeckError('internal', `tfjs has no variable "${name}".`);
      const known = this.parameters.get(name);
      if (known?.variable === variable) return known;
      const { slots } = this.restored[0] ?? {};
      const odd = slots?.find(({ shape }) => !isSameShape(shape, variable.shape));
      if (odd !== undefined) throw otherModel(name, odd.shape, variable.shape);
      const made = this.slotsFor(variable, slots);
      this.restored.shift();
      // A rebuilt model may use the names of the previous one.
      tf.dispose([...(known?.slots ?? [])]);
      const parameter = {
        variable,
        // Until the step's own takes its place.
        gradient: variable,
        slots: made,
        isDecayed: given.decay === 'all' || variable.rank > 1,
      };
      this.parameters.set(name, parameter);
      return parameter;
    }

    /** All of them, or none if memory runs out in between. */
    private slotsFor(variable: Variable, restored: readonly NdArray[] | undefined): Variable[] {
      const made: Variable[] = [];
      try {
        for (let i = 0; i < slotNames.length; i++) {
          const slot = restored?.[i];
          made.push(tf.tidy(() => tf.variable(slot === undefined ? tf.zerosLike(variable) : toTensor(slot), false)));
        }
        return made;
      } catch (error) {
        tf.dispose(made);
        throw error;
      }
    }

    private freeSlots(): void {
      for (const { slots } of this.parameters.values()) tf.dispose([...slots]);
      this.parameters.clear();
      this.restored = [];
    }

    private requireLive(): void {
      if (this.isDisposed) throw new LimbeckError('disposed', `The optimizer "${given.name}" was disposed.`);
    }
  }

  /** Made from a copy of the values, because tfjs's cpu backend keeps what it is given. */
  function toTensor({ data, shape }: NdArray): Tensor {
    return tf.tensor(data.slice(), [...shape], 'float32');
  }

  return new FusedOptimizer();
}

function copyOf(tensor: Tensor): NdArray {
  return { data: tensor.dataSync<'float32'>().slice(), shape: [...tensor.shape] };
}

function otherKind(name: StepRule, given: number, needed: number): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `The state holds ${given} arrays, and ${name} needs ${needed} for each variable. Restore it into the kind of ` +
      'optimizer that it was taken from.',
    { details: { given, needed } },
  );
}

function otherModel(name: string, state: readonly number[], variable: readonly number[]): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `The optimizer's state for "${name}" is ${formatShape(state)}, and the variable is ${formatShape(variable)}. ` +
      'The state is that of another model.',
    { details: { state, variable } },
  );
}
