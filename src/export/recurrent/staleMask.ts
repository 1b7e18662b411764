import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import type { LayerCall } from '../layerExport.ts';

const KEY = 'a mask was made';

/** Remembers that the graph has a mask, for `refuseStaleMask`. Returns the mask's name. */
export function noteMask(graph: GraphBuilder, mask: Value): string {
  graph.twins.set(KEY, mask);
  return mask.name;
}

/**
 * tfjs keeps the last mask of a run and passes it to every later layer, even if a layer in between, such as a convolution, has
 * no mask. Which mask that is depends on the order in which tfjs runs the layers.
 * Throws    unsupported-layer: a recurrent layer without a mask in a graph that has one
 */
export function refuseStaleMask(call: LayerCall, x: Value): void {
  if (x.mask !== undefined || !call.graph.twins.has(KEY)) return;
  throw unsupportedLayer(
    call,
    'a layer before it makes a mask (maskZero or Masking) that does not reach it, and tfjs masks its steps all the same; ' +
      'make no mask, or put layers between them that keep it',
  );
}
