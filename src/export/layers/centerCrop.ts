import { heldShape, type Value } from '../../onnx/write/graphValue.ts';
import { numberOf } from '../graph/layerConfig.ts';
import { spaceOf } from '../graph/space.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

/** The central [height, width] of images: the rows and columns that tfjs reads, by index. */
export const centerCrop: LayerExporter = {
  classNames: ['CenterCrop'],
  write(call) {
    const { inputs, config, graph } = call;
    const x = inputs[0] as Value;
    const { held, channels, spatial, output } = spaceOf(graph, x, {});
    const [height = null, width = null] = spatial;
    if (x.shape.length !== 4 || height === null || width === null) {
      throw unsupportedLayer(call, 'the height and width of its input must be known, [B, H, W, C]');
    }
    const rows = cropped(call, numberOf(config, 'height'), height, 0);
    // If there is one column too many, tfjs omits the first, not the last.
    const columns = cropped(call, numberOf(config, 'width'), width, 1);
    const atRows = graph.ints('rows', [rows.length], rows);
    const some = graph.node('Gather', [held, atRows], output([rows.length, heldShape(held)[3] ?? null], channels), {
      axis: 2,
    });
    const atColumns = graph.ints('columns', [columns.length], columns);
    return graph.node('Gather', [some, atColumns], output([rows.length, columns.length], channels), { axis: 3 });
  },
};

/**
 * The positions that tfjs reads along one axis: `to` of them, spread evenly from start / from to (start + to) / from of the
 * length minus one, in 32-bit floats, rounded to the nearest.
 */
function cropped(call: LayerCall, to: number, from: number, least: number): number[] {
  if (to > from) throw unsupportedLayer(call, `it would enlarge ${from} to ${to}, which tfjs cannot do in a model`);
  const start = to === from ? 0 : Math.max(Math.floor((from - to) / 2), least);
  const [first, last] = [Math.fround(start / from), Math.fround((start + to) / from)];
  const step = to > 1 ? ((last - first) * (from - 1)) / (to - 1) : 0;
  const places = Array.from({ length: to }, (_, i) => {
    return to > 1 ? first * (from - 1) + i * step : 0.5 * (first + last) * (from - 1);
  });
  if (places.every((place) => place >= 0 && place <= from - 1)) return places.map(Math.round);
  throw unsupportedLayer(call, `tfjs reads beyond the edge when it crops ${to} of ${from}`);
}
