import { dropoutCalls, setDropoutCalls } from '../runtime/layers/dropout.ts';
import type * as tf from '../runtime/tf.ts';
import type { Part } from './parts/part.ts';
import type { RunState } from './state.ts';
import type { StepLoss } from './step.ts';
import type { StepOptimizer } from './stepOptimizer.ts';
import { readWeights, writeWeight, writeWeights } from './writeWeight.ts';

/** What a state is taken from and put into. */
export interface RunningParts {
  readonly model: tf.LayersModel;
  readonly optimizer: StepOptimizer;
  readonly loss: StepLoss;
  readonly parts: readonly Part[];
}

export async function takeRunState({ model, optimizer, loss, parts }: RunningParts, epoch: number): Promise<RunState> {
  const { kept = [] } = loss;
  return {
    epoch,
    weights: await readWeights(model),
    optimizer: optimizer.state(),
    loss: await Promise.all(
      kept.map(async (variable) => ({
        data: (await variable.data<'float32'>()).slice(),
        shape: [...variable.shape],
      })),
    ),
    draws: layersOf(model).map(dropoutCalls),
    parts: await Promise.all(parts.map(async (part) => (await part.state?.()) ?? {})),
  };
}

/** Throws    shape-mismatch · invalid-option: the state is that of another job */
export function putRunState({ model, optimizer, loss, parts }: RunningParts, state: RunState): void {
  writeWeights(model, state.weights);
  optimizer.restore(state.optimizer);
  for (const [i, variable] of (loss.kept ?? []).entries()) writeWeight(variable, state.loss[i]);
  for (const [i, layer] of layersOf(model).entries()) setDropoutCalls(layer, state.draws[i] ?? 0);
  for (const [i, part] of parts.entries()) part.restore?.(state.parts[i] ?? {});
}

function layersOf(model: tf.LayersModel): tf.LayersModel['layers'] {
  return model.layers.flatMap((layer) => ('layers' in layer ? layersOf(layer as unknown as tf.LayersModel) : [layer]));
}
