// What a static int8 export of a model will answer, simulated with tfjs. Only tests import this file.
import * as tf from '../../../runtime/tf.ts';
import { layersOf } from '../../../student/layers/staticLayers.ts';
import { openFakeQuantizer } from './fakeQuantizer.ts';
import { placesOf } from './places.ts';
import type { QuantizationSettings } from './quantizationAware.ts';
import type { Layer } from './weightPlaces.ts';

/** Weights by their largest, ranges from the least and the most of the calibration batch; the caller frees the answer. */
export function predictQuantized(
  model: tf.LayersModel,
  settings: QuantizationSettings,
  calibration: tf.Tensor,
  inputs: tf.Tensor,
): tf.Tensor {
  const observed = placesOf(model, settings.exclude).filter(({ isOutputRounded }) => isOutputRounded);
  using quantizer = openFakeQuantizer(model, settings);
  return tf.tidy(() => {
    const outputs = observed.map(({ layer }) => layer.output as tf.SymbolicTensor);
    const values = tf.model({ inputs: model.inputs, outputs }).predict(calibration) as tf.Tensor | tf.Tensor[];
    quantizer.start();
    observed.forEach(({ layer }, i) => {
      setRange(layer, 'range', [values].flat()[i] as tf.Tensor);
    });
    setRange(layersOf(model)[0] as Layer, 'inputRange0', calibration);
    return model.predict(inputs) as tf.Tensor;
  });
}

function setRange(layer: Layer, name: string, values: tf.Tensor): void {
  const weight = layer.weights.find(({ originalName }) => originalName.endsWith(name));
  weight?.write(tf.stack([tf.minimum(tf.min(values), 0), tf.maximum(tf.max(values), 0)]));
}
