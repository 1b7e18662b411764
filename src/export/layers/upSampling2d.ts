import type { Value } from '../../onnx/write/graphValue.ts';
import { lengthsOf, textOf } from '../graph/layerConfig.ts';
import { spaceOf } from '../graph/space.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Enlarges by integer factors. tfjs divides a position by the factor, without half pixels: 'asymmetric'. */
export const upSampling2d: LayerExporter = {
  classNames: ['UpSampling2D'],
  write({ inputs, config, graph }) {
    const { held, channels, spatial, output } = spaceOf(graph, inputs[0] as Value, config);
    const size = lengthsOf(config, 'size', 2, 2);
    const larger = spatial.map((length, i) => (length === null ? null : length * (size[i] as number)));
    const isNearest = textOf(config, 'interpolation', 'nearest') === 'nearest';
    const scales = graph.floats('scales', [4], [1, 1, ...size]);
    return graph.node('Resize', [held, '', scales], output(larger, channels), {
      mode: isNearest ? 'nearest' : 'linear',
      coordinate_transformation_mode: 'asymmetric',
      ...(isNearest && { nearest_mode: 'floor' }),
    });
  },
};
