import type { GraphModel } from '@tensorflow/tfjs-converter';
import * as tf from './tf.ts';

/**
 * A tfjs graph model on this thread's backend; the caller disposes it. Loads the converter, which has tfjs's graph
 * interpreter.
 */
export async function buildGraphModel(artifacts: tf.io.ModelArtifacts): Promise<GraphModel> {
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  let weights: tf.NamedTensorMap = {};
  const decodeWeights: typeof tf.io.decodeWeights = (...args) => {
    weights = tf.io.decodeWeights(...args);
    return weights;
  };
  try {
    return await loadGraphModel({ load: async () => artifacts }, {}, { ...tf.io, decodeWeights });
  } catch (error) {
    // tfjs creates the weights first and leaks them if the graph fails.
    tf.dispose(weights);
    throw error;
  }
}
