// What a model's outputs are called, and which of them are probabilities: the same on the page and on a student's GPU.
import { DEFAULT_OUTPUT, withDefaultName } from '../../core/outputs.ts';
import { fromProbsWhere } from '../readAsLogits.ts';
import type { SessionSettings } from './sessionSettings.ts';

type Named = Pick<SessionSettings, 'taps' | 'outputs'>;

/** A model with one output is a classifier until "read" says otherwise; whoever names outputs wants them by these names. */
export function nameOutputs<T>(outputs: Readonly<Record<string, T>>, named: Named): Readonly<Record<string, T>> {
  return hasDefaultName(named) ? withDefaultName(outputs) : outputs;
}

/**
 * The outputs, by their names here, that are probabilities: as the caller says, or as the model's graph does. Undefined
 * where nothing is known.
 */
export function fromProbsOf(
  outputs: Readonly<Record<string, unknown>>,
  { given, ...named }: Named & Pick<SessionSettings, 'given'>,
  softmaxOutputs: readonly string[] = [],
): readonly string[] | undefined {
  if (given !== undefined) return fromProbsWhere(given);
  const isOnly = Object.keys(outputs).length === 1 && hasDefaultName(named);
  return isOnly && softmaxOutputs.length === 1 ? [DEFAULT_OUTPUT] : undefined;
}

function hasDefaultName({ taps, outputs }: Named): boolean {
  return taps === undefined && outputs === undefined;
}
