import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import type { OpenGraph } from '../../onnx/write/graph.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { refuseLayer, writeLayer } from './exporters.ts';
import type { ModelTopology, Reference, TopologyLayer } from './topology.ts';
import { type UnsupportedLayer, unsupportedLayers } from './unsupportedLayer.ts';

/** Throws    unsupported-layer: every layer that cannot be written, nested ones too */
export function checkLayers(model: ModelTopology): void {
  const refused = refusedLayers(model);
  if (refused.length > 0) throw unsupportedLayers(refused);
}

/**
 * Writes every layer of a model for these inputs and returns the model's outputs.
 * Throws    student-invalid: a layer reads a value that no layer makes · AbortError
 */
export function writeTopology(
  open: OpenGraph,
  weights: ReadonlyMap<string, Weight>,
  model: ModelTopology,
  inputs: readonly Value[],
  signal?: AbortSignal,
): Value[] {
  const made = new Map<string, readonly Value[]>();
  const find = ({ layer, call, output }: Reference) => made.get(`${layer}/${call}`)?.[output];
  model.inputs.forEach(({ layer }, i) => {
    made.set(`${layer}/0`, [inputs[i] as Value]);
  });
  let waiting = model.layers.flatMap((layer) => layer.calls.map((reads, call) => ({ layer, reads, call })));
  waiting = waiting.filter(({ layer }) => layer.className !== 'InputLayer');
  while (waiting.length > 0) {
    const next: typeof waiting = [];
    for (const one of waiting) {
      const given = one.reads.map(find);
      if (given.some((value) => value === undefined)) {
        next.push(one);
        continue;
      }
      throwIfAborted(signal);
      made.set(`${one.layer.name}/${one.call}`, callLayer(open, weights, one.layer, given as Value[], signal));
    }
    if (next.length === waiting.length) throw unconnected(model, next[0]?.layer.name);
    waiting = next;
  }
  return model.outputs.map((output) => {
    const value = find(output);
    if (value === undefined) throw unconnected(model, output.layer);
    return value;
  });
}

function refusedLayers({ layers }: ModelTopology): UnsupportedLayer[] {
  return layers.flatMap((layer) => {
    if (layer.model !== undefined) return refusedLayers(layer.model);
    if (layer.className === 'InputLayer') return [];
    const why = refuseLayer(layer);
    return why === undefined ? [] : [{ name: layer.name, className: layer.className, why }];
  });
}

function callLayer(
  open: OpenGraph,
  weights: ReadonlyMap<string, Weight>,
  layer: TopologyLayer,
  inputs: readonly Value[],
  signal: AbortSignal | undefined,
): readonly Value[] {
  if (layer.model !== undefined) return writeTopology(open, weights, layer.model, inputs, signal);
  const outputs = writeLayer(layer, inputs, open.builder, weights, `${layer.name}/`);
  const own = outputs.filter(({ name }) => !inputs.some((input) => input.name === name));
  own.forEach((value, i) => {
    open.nameResult(value, i === 0 ? layer.name : `${layer.name}/${i}`);
  });
  return outputs;
}

function unconnected({ name }: ModelTopology, layer: string | undefined): LimbeckError {
  return new LimbeckError(
    'student-invalid',
    `The topology of the student cannot be read: in the model "${name}", "${layer}" is connected to something that is not there.`,
    { details: { model: name, layer } },
  );
}
