import { LimbeckError } from '../../core/errors.ts';
import { prune } from '../../onnx/edit/prune.ts';
import { copyOf, type OnnxModel, onnx } from '../../onnx/model.ts';
import { ownValues } from '../../onnx/references.ts';
import type { Steps } from './importSteps.ts';

/**
 * The model with these values as its only outputs. The argument does not change.
 * Throws    unknown-output: the model has no such value
 */
export function keepOutputs(model: OnnxModel, outputs: readonly string[] | undefined): OnnxModel {
  const known = ownValues(model.graph);
  const names = outputs ?? model.graph.output.map(({ name }) => name);
  const missing = names.find((name) => !known.has(name) || name === '');
  if (missing !== undefined) {
    throw new LimbeckError(
      'unknown-output',
      `The model has no value "${missing}"; its outputs are: ${model.graph.output.map(({ name }) => name).join(', ')}.`,
      {
        details: { output: missing },
      },
    );
  }
  const output = names.map((name) => model.graph.output.find((one) => one.name === name) ?? onnx.value({ name }));
  const cut = copyOf(model);
  cut.graph = Object.assign(copyOf(model.graph), { output });
  prune(cut.graph);
  return cut;
}

/** Throws    invalid-onnx: outputs that depend on no input */
export function requireUseful({ makers, inputs, outputs }: Steps): void {
  const fixed = outputs.find((name) => !makers.has(name) && !inputs.has(name));
  if (fixed === undefined) return;
  throw new LimbeckError(
    'invalid-onnx',
    `The output "${fixed}" of the model is a stored value: there is nothing to learn.`,
    {
      details: { output: fixed },
    },
  );
}
