import { float } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { heldData, heldTail } from '../../onnx/write/layout.ts';
import { activate, clipped, like, overAxis, refuseActivation } from '../graph/activate.ts';
import { lengthsOf, numberOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Layers that are only an activation. */
export const activation: readonly LayerExporter[] = [
  {
    classNames: ['Activation'],
    keepsMask: true,
    refuse: ({ config }) => refuseActivation(config['activation']),
    write: ({ inputs: [x], config, graph }) => activate(graph, x as Value, config['activation']),
  },
  {
    classNames: ['ReLU'],
    keepsMask: true,
    // tfjs reads maxValue only and ignores Keras's negative_slope and threshold.
    refuse: ({ config }) =>
      ['negativeSlope', 'threshold'].some((key) => (config[key] ?? 0) !== 0)
        ? 'it has a negative slope or a threshold, which tfjs leaves out when it runs the layer'
        : undefined,
    write({ inputs: [x], config, graph }) {
      const most = config['maxValue'];
      if (most === undefined || most === null) return graph.node('Relu', [x as Value], like(x as Value));
      return clipped(graph, x as Value, 0, numberOf(config, 'maxValue'));
    },
  },
  {
    classNames: ['LeakyReLU'],
    write: ({ inputs: [x], config, graph }) =>
      graph.node('LeakyRelu', [x as Value], like(x as Value), { alpha: float(numberOf(config, 'alpha', 0.3)) }),
  },
  {
    classNames: ['ELU'],
    refuse: ({ config }) =>
      numberOf(config, 'alpha', 1) === 1 ? undefined : 'its alpha is not 1, which tfjs cannot run',
    write: ({ inputs: [x], graph }) => graph.node('Elu', [x as Value], like(x as Value), { alpha: float(1) }),
  },
  {
    classNames: ['ThresholdedReLU'],
    write: ({ inputs: [x], config, graph }) =>
      graph.node('ThresholdedRelu', [x as Value], like(x as Value), { alpha: float(numberOf(config, 'theta', 1)) }),
  },
  {
    classNames: ['PReLU'],
    keepsMask: true,
    write({ inputs, graph, weight }) {
      const [x] = inputs as [Value];
      const { shape, data } = weight('alpha');
      return graph.node('PRelu', [x, graph.floats('alpha', heldTail(x, shape), heldData(x, shape, data))], like(x));
    },
  },
  {
    classNames: ['Softmax'],
    refuse: ({ config }) =>
      Array.isArray(config['axis']) && config['axis'].length !== 1 ? 'it runs over several axes' : undefined,
    write: ({ inputs: [x], config, graph }) =>
      overAxis(graph, 'Softmax', x as Value, lengthsOf(config, 'axis', 1, 1)[0] as number),
  },
];
