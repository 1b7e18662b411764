import { channelsBeforeSpace, onePerGroup } from '../../onnx/write/kernels.ts';
import { activate, refuseActivation } from '../graph/activate.ts';
import { flagOf, type LayerConfig, lengthsOf, numberOf, textOf } from '../graph/layerConfig.ts';
import { isChannelsFirst, spaceOf } from '../graph/space.ts';
import { checkFits } from '../graph/weights.ts';
import { grownAttributes, grownLengths, slidLengths, type Window, windowAttributes } from '../graph/windows.ts';
import type { LayerCall, LayerDescription, LayerExporter } from '../layerExport.ts';

/** Convolutions, by their number of spatial axes. */
export const conv: readonly LayerExporter[] = [
  { classNames: ['Conv1D'], refuse: refuseConv1d, write: (call) => writeConv(call, 1) },
  { classNames: ['Conv2D'], refuse: refuseConv, write: (call) => writeConv(call, 2) },
  { classNames: ['Conv3D'], refuse: refuseConv, write: (call) => writeConv(call, 3) },
  { classNames: ['Conv2DTranspose'], refuse: refuseConv, write: (call) => writeTransposed(call, 2) },
  { classNames: ['Conv3DTranspose'], refuse: refuseConv, write: (call) => writeTransposed(call, 3) },
  { classNames: ['DepthwiseConv2D'], refuse: refuseConv, write: writeDepthwise },
  { classNames: ['SeparableConv2D'], refuse: refuseSeparable, write: writeSeparable },
];

function writeConv({ inputs: [x], config, graph, weight }: LayerCall, rank: number) {
  const window = windowOf(config, rank);
  const { held, channels, spatial, output } = spaceOf(graph, x as NonNullable<typeof x>, config);
  const stored = weight('kernel');
  checkFits(stored, -2, channels);
  const kernel = channelsBeforeSpace(stored.shape, stored.data);
  const constants = [graph.floats('kernel', kernel.shape, kernel.data)];
  if (flagOf(config, 'useBias', true))
    constants.push(graph.floats('bias', [kernel.shape[0] as number], weight('bias').data));
  const made = graph.node(
    'Conv',
    [held, ...constants],
    output(slidLengths(spatial, window), kernel.shape[0] as number),
    windowAttributes(spatial, window),
  );
  return activate(graph, made, config['activation']);
}

function writeTransposed({ inputs: [x], config, graph, weight }: LayerCall, rank: number) {
  // tfjs-layers ignores dilationRate here.
  const window = { ...windowOf(config, rank), dilations: Array.from({ length: rank }, () => 1) };
  const { held, channels, spatial, output } = spaceOf(graph, x as NonNullable<typeof x>, config);
  const stored = weight('kernel');
  checkFits(stored, -1, channels);
  const kernel = channelsBeforeSpace(stored.shape, stored.data);
  const filters = kernel.shape[1] as number;
  const constants = [graph.floats('kernel', kernel.shape, kernel.data)];
  if (flagOf(config, 'useBias', true)) constants.push(graph.floats('bias', [filters], weight('bias').data));
  const made = graph.node(
    'ConvTranspose',
    [held, ...constants],
    output(grownLengths(spatial, window), filters),
    grownAttributes(window),
  );
  return activate(graph, made, config['activation']);
}

function writeDepthwise({ inputs: [x], config, graph, weight }: LayerCall) {
  // tfjs-layers does not pass dilationRate to its depthwise convolution, so its predictions ignore it.
  const window = { ...windowOf(config, 2), dilations: [1, 1] };
  const { held, channels, spatial, output } = spaceOf(graph, x as NonNullable<typeof x>, config);
  const stored = weight('depthwise_kernel');
  checkFits(stored, -2, channels);
  const kernel = onePerGroup(stored.shape, stored.data);
  const filters = kernel.shape[0] as number;
  const constants = [graph.floats('depthwise_kernel', kernel.shape, kernel.data)];
  if (flagOf(config, 'useBias', true)) constants.push(graph.floats('bias', [filters], weight('bias').data));
  const made = graph.node('Conv', [held, ...constants], output(slidLengths(spatial, window), filters), {
    group: channels,
    ...windowAttributes(spatial, window),
  });
  return activate(graph, made, config['activation']);
}

function writeSeparable({ inputs: [x], config, graph, weight }: LayerCall) {
  const window = windowOf(config, 2);
  const { held, channels, spatial, output } = spaceOf(graph, x as NonNullable<typeof x>, config);
  const slid = slidLengths(spatial, window);
  const [deep, wide] = [weight('depthwise_kernel'), weight('pointwise_kernel')];
  checkFits(deep, -2, channels);
  const depthwise = onePerGroup(deep.shape, deep.data);
  const between = graph.node(
    'Conv',
    [held, graph.floats('depthwise_kernel', depthwise.shape, depthwise.data)],
    output(slid, depthwise.shape[0] as number),
    { group: channels, ...windowAttributes(spatial, window) },
  );
  const pointwise = channelsBeforeSpace(wide.shape, wide.data);
  const filters = pointwise.shape[0] as number;
  const constants = [graph.floats('pointwise_kernel', pointwise.shape, pointwise.data)];
  if (flagOf(config, 'useBias', true)) constants.push(graph.floats('bias', [filters], weight('bias').data));
  const made = graph.node('Conv', [between, ...constants], output(slid, filters), { kernel_shape: [1, 1] });
  return activate(graph, made, config['activation']);
}

function windowOf(config: LayerConfig, rank: number): Window {
  return {
    kernel: lengthsOf(config, 'kernelSize', rank),
    strides: lengthsOf(config, 'strides', rank, 1),
    dilations: lengthsOf(config, 'dilationRate', rank, 1),
    padding: textOf(config, 'padding', 'valid'),
  };
}

function refuseConv({ config }: LayerDescription): string | undefined {
  if (numberOf(config, 'groups', 1) !== 1) return 'it has groups, which tfjs leaves out when it runs the layer';
  if (!['same', 'valid'].includes(textOf(config, 'padding', 'valid'))) {
    return `its padding is "${textOf(config, 'padding', 'valid')}"; "same" and "valid" have an ONNX form`;
  }
  return refuseActivation(config['activation']);
}

function refuseConv1d(layer: LayerDescription): string | undefined {
  if (isChannelsFirst(layer.config)) return 'tfjs itself runs a one-dimensional convolution channels-last only';
  const isCausal = textOf(layer.config, 'padding', 'valid') === 'causal';
  return refuseConv(isCausal ? { ...layer, config: { ...layer.config, padding: 'valid' } } : layer);
}

function refuseSeparable(layer: LayerDescription): string | undefined {
  if (isChannelsFirst(layer.config)) return 'tfjs itself runs a separable convolution channels-last only';
  return refuseConv(layer);
}
