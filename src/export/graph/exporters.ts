import { isTagged } from '../../core/tags.ts';
import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import type { LayerCall, LayerDescription, LayerExporter } from '../layerExport.ts';
import * as all from '../layers/all.ts';
import type { LayerDefinition } from './layerConfig.ts';
import { unsupportedLayer } from './unsupportedLayer.ts';
import { findWeight } from './weights.ts';

const EXPORTERS: ReadonlyMap<string, LayerExporter> = new Map(
  (Object.values(all) as (LayerExporter | readonly LayerExporter[])[])
    .flat()
    .flatMap((exporter) => exporter.classNames.map((className) => [className, exporter] as const)),
);

/** Why a layer cannot be written, as far as is known without its inputs; undefined if it can. */
export function refuseLayer(layer: LayerDescription): string | undefined {
  const exporter = EXPORTERS.get(layer.className);
  if (exporter === undefined) return `limbeck knows no ONNX form of a "${layer.className}"`;
  return exporter.refuse?.({ ...layer, refuseInner: innerRefusal(layer) });
}

/** Writes one call of a layer. `path` is the prefix of its weights' names: '<layer>/'. */
export function writeLayer(
  layer: LayerDescription,
  inputs: readonly Value[],
  graph: GraphBuilder,
  weights: ReadonlyMap<string, Weight>,
  path: string,
): readonly Value[] {
  const exporter = EXPORTERS.get(layer.className);
  if (exporter === undefined) throw unsupportedLayer(layer, `limbeck knows no ONNX form of a "${layer.className}"`);
  const own = graph.within(layer.name);
  const call: LayerCall = {
    ...layer,
    inputs: exporter.takesIntegers === true ? inputs : inputs.map((value) => asFloat(own, value)),
    graph: own,
    weight: (name) => findWeight(weights, path, name),
    get weights() {
      return [...weights.values()].filter(({ name }) => name.startsWith(path));
    },
    inner: (definition, given, weightPath) =>
      writeLayer({ ...definition, name: layer.name }, given, graph, weights, weightPath),
    refuseInner: innerRefusal(layer),
  };
  const written = write(exporter, call);
  const outputs = 'name' in written ? [written] : written;
  const mask = exporter.keepsMask === true ? inputs[0]?.mask : undefined;
  return outputs.map((value) => {
    // Elementwise results copied the mask of their input; here the layer's own rule decides.
    const { mask: made, ...rest } = value;
    const isOwn = made !== undefined && made !== inputs[0]?.mask;
    const kept = isOwn ? made : mask;
    return kept === undefined ? rest : { ...rest, mask: kept };
  });
}

/** Names this layer in errors that depend on the lengths of the inputs. */
function write(exporter: LayerExporter, call: LayerCall): Value | readonly Value[] {
  try {
    return exporter.write(call);
  } catch (error) {
    if (isTagged(error, 'Error') && error.name === 'RangeError') throw unsupportedLayer(call, error.message);
    throw error;
  }
}

function innerRefusal(layer: LayerDescription) {
  return (definition: LayerDefinition) => refuseLayer({ ...definition, name: layer.name });
}

function asFloat(graph: GraphBuilder, value: Value): Value {
  if (value.dtype === 'float32') return value;
  const known = graph.twins.get(`${value.name} as float32`);
  if (known !== undefined) return known;
  const made = graph.node('Cast', [value], { ...value, dtype: 'float32' }, { to: 1 });
  graph.twins.set(`${value.name} as float32`, made);
  return made;
}
