import { LimbeckError } from '../../../core/errors.ts';
import { fakeQuantize, fakeQuantizeWeights, movingRange } from '../../../runtime/ops/fakeQuantize.ts';
import * as tf from '../../../runtime/tf.ts';
import { layersOf } from '../../../student/layers/staticLayers.ts';
import { placesOf, roundedInputs } from './places.ts';
import type { QuantizationReport, QuantizationSettings } from './quantizationAware.ts';
import type { Layer, LayerWeight, NormLayer, WeightPlace } from './weightPlaces.ts';

/** Makes a model compute like its quantized export until it is released; its weights stay in float32. */
export interface FakeQuantizer extends Disposable {
  /** From now on weights, outputs and inputs are rounded, and each training pass updates the ranges. */
  start(): void;
  report(): Promise<Pick<QuantizationReport, 'layers' | 'ranges'>>;
}

type Call = Layer['call'];

/** A weight of a layer, as tfjs-layers keeps it. */
interface RangeWeight extends LayerWeight {
  write(value: tf.Tensor): unknown;
  dispose(): void;
}

/** Fields of every tfjs layer that its types do not show. */
interface WeightKeeper {
  addWeight(
    name: string,
    shape: number[],
    dtype: 'float32',
    initializer: unknown,
    regularizer: undefined,
    trainable: boolean,
  ): RangeWeight;
  _nonTrainableWeights: unknown[];
  _addedWeightNames: string[];
}

const ACTIVATION_LEVELS = 255;

/**
 * The ranges are untrained weights of the model meanwhile: they change like the statistics of batch normalization, a failed
 * step restores them, and a recorded step finds them at their address.
 * Throws    invalid-option: `exclude` names no layer
 */
export function openFakeQuantizer(model: tf.LayersModel, settings: QuantizationSettings): FakeQuantizer {
  checkExcluded(model, settings.exclude);
  const places = placesOf(model, settings.exclude);
  const ranges = new Map<string, RangeWeight>();
  const undo: (() => void)[] = [];

  /** A range that the layer keeps, and the rounding by it. */
  function roundingOf(
    layer: Layer,
    name: string,
    weightName: string,
  ): (x: tf.Tensor, isTraining: boolean) => tf.Tensor {
    if (settings.activationBits === 'none') return (x) => x;
    const keeper = layer as unknown as WeightKeeper;
    const range = keeper.addWeight(weightName, [2], 'float32', tf.initializers.zeros(), undefined, false);
    ranges.set(name, range);
    undo.push(() => removeWeight(keeper, weightName, range));
    return (x, isTraining) => {
      if (x.dtype !== 'float32' || x.size === 0) return x;
      if (isTraining) range.write(movingRange(x, range.read(), settings.momentum));
      return fakeQuantize(x, range.read(), ACTIVATION_LEVELS);
    };
  }

  function replaceCall(layer: Layer, call: (original: Call, ...args: Parameters<Call>) => ReturnType<Call>): void {
    // Looked up at each call: kernels replace the method of the class, and put it back.
    const original: Call = (...args) => (Object.getPrototypeOf(layer) as Layer).call.apply(layer, args);
    layer.call = (...args) => tf.tidy(() => call(original, ...args));
    undo.push(() => Reflect.deleteProperty(layer, 'call'));
  }

  return {
    start() {
      for (const { layer, weights, isOutputRounded } of places) {
        const round = isOutputRounded ? roundingOf(layer, layer.name, 'range') : (x: tf.Tensor) => x;
        replaceCall(layer, (original, inputs, kwargs) => {
          const output = withRounded(weights, settings, () => original(inputs, kwargs));
          return Array.isArray(output) ? output : round(output, kwargs['training'] === true);
        });
      }
      const keeper = layersOf(model)[0] as Layer;
      const rounds = roundedInputs(model, settings.exclude).map(
        (name, i) => name && roundingOf(keeper, name, `inputRange${i}`),
      );
      replaceCall(model, (original, inputs, kwargs) => {
        const given = Array.isArray(inputs) ? inputs : [inputs];
        const rounded = given.map((x, i) => (rounds[i] || ((same) => same))(x, kwargs['training'] === true));
        return original(rounded, kwargs);
      });
    },
    async report() {
      const read = [...ranges].map(async ([name, range]) => {
        const [least = 0, most = 0] = await range.read().data();
        return [name, [least, most]] as const;
      });
      const layers = places.filter(({ weights }) => weights.length > 0).map(({ layer }) => layer.name);
      return { layers, ranges: Object.fromEntries(await Promise.all(read)) };
    },
    [Symbol.dispose]() {
      for (const putBack of undo.reverse()) putBack();
      undo.length = 0;
      ranges.clear();
    },
  };
}

function checkExcluded(model: tf.LayersModel, exclude: readonly string[]): void {
  const inputs = model.inputs.map(({ sourceLayer }) => sourceLayer as Layer);
  const known = [...new Set([...inputs, ...layersOf(model)].map(({ name }) => name))];
  const unknown = exclude.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new LimbeckError(
    'invalid-option',
    `"exclude" names the layer "${unknown.join('", "')}"; the student's layers are ${known.join(', ')}.`,
    { details: { unknown, known } },
  );
}

/** Calls the layer with its weights rounded. */
function withRounded<T>(weights: readonly WeightPlace[], settings: QuantizationSettings, call: () => T): T {
  const levels = 2 ** (settings.weightBits - 1) - 1;
  const rounded = weights.map(({ weight, channels, inner, norm }) => {
    const grid = { levels, channels, inner, isPerChannel: settings.perChannel };
    // With a range per channel the rounding is the same before and after scaling.
    const factors = settings.perChannel || norm === undefined ? undefined : factorsOf(norm);
    return fakeQuantizeWeights(weight.read(), grid, factors);
  });
  weights.forEach(({ weight }, i) => {
    weight.read = () => rounded[i] as tf.Tensor;
  });
  try {
    return call();
  } finally {
    for (const { weight } of weights) Reflect.deleteProperty(weight, 'read');
  }
}

/** The factor of a trained batch normalization for each channel. */
function factorsOf({ gamma, movingVariance, epsilon }: NormLayer): tf.Tensor {
  const inverse = tf.rsqrt(tf.add(movingVariance.read(), epsilon));
  return gamma === undefined ? inverse : tf.mul(gamma.read(), inverse);
}

function removeWeight(keeper: WeightKeeper, name: string, weight: RangeWeight): void {
  keeper._nonTrainableWeights = keeper._nonTrainableWeights.filter((other) => other !== weight);
  keeper._addedWeightNames = keeper._addedWeightNames.filter((other) => other !== name);
  weight.dispose();
}
