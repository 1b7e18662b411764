// Runs inside a worker: a user's own training loop in plain tfjs, on limbeck's kernels.
import { makeOptimizer, openBackend, tf } from 'limbeck/tfjs';

self.onmessage = async ({ data: threads }: MessageEvent<number>) => {
  try {
    const backend = await openBackend({ threads, assetBase: '/' });
    const { description } = backend;
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
    const convolution = { filters: 6, kernelSize: 3, padding: 'same', useBias: false, kernelInitializer } as const;
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [8, 8, 1], ...convolution }),
        tf.layers.batchNormalization(),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, activation: 'relu', depthwiseInitializer: kernelInitializer }),
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: 2, kernelInitializer }),
      ],
    });
    const optimizer = makeOptimizer(tf, { name: 'adamw', learningRate: 0.02, clipNorm: 1 });
    const x = tf.randomUniform([32, 8, 8, 1], -1, 1, 'float32', 3);
    const y = tf.tidy(() => tf.oneHot(tf.cast(tf.greater(tf.mean(x, [1, 2, 3]), 0), 'int32'), 2).toFloat());
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) {
      const value = optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
        true,
      );
      losses.push(value?.dataSync()[0] ?? Number.NaN);
      value?.dispose();
    }
    const tensors = tf.memory().numTensors;
    self.postMessage({ description, losses, tensors, isStep: optimizer instanceof tf.Optimizer });
    tf.dispose([x, y]);
    optimizer.dispose();
    model.dispose();
    backend.dispose();
  } catch (error) {
    self.postMessage({ error: String(error instanceof Error ? error.stack : error) });
  }
};
