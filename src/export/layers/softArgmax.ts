import type { Value } from '../../onnx/write/graphValue.ts';
import { channelsFirst } from '../../onnx/write/layout.ts';
import { cellCentres } from '../../student/layers/softArgmax.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import type { LayerExporter } from '../layerExport.ts';

/** limbeck's soft-argmax, [B, H, W, P] → [B, P, 2]: a Softmax over each map, as the convolution before it holds it, and a MatMul with the centres of its cells. */
export const softArgmax: LayerExporter = {
  classNames: ['SoftArgmax'],
  write(call) {
    const { inputs, graph } = call;
    const x = channelsFirst(graph, inputs[0] as Value);
    const [batch = null, height, width, points] = x.shape;
    if (typeof height !== 'number' || typeof width !== 'number' || typeof points !== 'number') {
      throw unsupportedLayer(call, 'its maps have a free height or width');
    }
    const cells = height * width;
    const rows = graph.node('Reshape', [x, graph.ints('shape', [3], [0, points, cells])], {
      shape: [batch, points, cells],
    });
    const shares = graph.node('Softmax', [rows], { shape: rows.shape }, { axis: 2 });
    const centres = graph.floats('centres', [cells, 2], cellCentres(height, width));
    return graph.node('MatMul', [shares, centres], { shape: [batch, points, 2] });
  },
};
