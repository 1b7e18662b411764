import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import type { StudentArtifacts } from '../student.ts';
import { classifierOf, withClasses, withFeatures, withFrozen, withWeightsOf } from './classifier.ts';

beforeAll(() => tf.setBackend('cpu'));
let open: tf.LayersModel[] = [];
afterEach(() => {
  for (const model of open) model.dispose();
  open = [];
});

const kept = <M extends tf.LayersModel>(model: M): M => {
  open.push(model);
  return model;
};
const rebuilt = async (artifacts: StudentArtifacts) => kept(await buildStudent({ kind: 'artifacts', artifacts }, 0));

/** With batch statistics, which tfjs lists after all that learns. */
function functional(): tf.LayersModel {
  const input = tf.input({ shape: [5] });
  const hidden = tf.layers.dense({ units: 4, activation: 'relu', name: 'hidden' }).apply(input);
  const normal = tf.layers.batchNormalization({ name: 'normal' }).apply(hidden);
  const logits = tf.layers.dense({ units: 3, name: 'logits' }).apply(normal) as tf.SymbolicTensor;
  return kept(tf.model({ inputs: input, outputs: logits }));
}

const sequential = () =>
  kept(
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [5], name: 'hidden' }),
        tf.layers.dense({ units: 3, name: 'last' }),
      ],
    }),
  );

const x = () =>
  tf.tensor2d([
    [0.1, -0.2, 0.3, 0.4, -0.5],
    [1, 2, -1, 0, 3],
  ]);
/** As vitest compares it: it takes any two ArrayBuffers for the same. */
const plain = ({ weightData, ...rest }: StudentArtifacts) => ({
  ...rest,
  bytes: Array.from(new Uint8Array(weightData)),
});
const numbersOf = (tensor: tf.Tensor | tf.Tensor[]) => Array.from((tensor as tf.Tensor).dataSync());

describe.each([
  ['functional', functional, { layer: 'logits', features: 'normal', classes: 3 }],
  ['sequential', sequential, { layer: 'last', features: 'hidden', classes: 3 }],
] as const)('a %s student', (_, make, classifier) => {
  test('tells its classifier and features', async () => {
    expect(classifierOf(await artifactsOf(make()))).toEqual(classifier);
  });

  test('gives its features as a further output', async () => {
    const model = make();
    const seeing = await rebuilt(withFeatures(await artifactsOf(model), classifier));
    const [features, logits] = seeing.predict(x()) as tf.Tensor[];
    expect(features?.shape).toEqual([2, 4]);
    expect(numbersOf(logits as tf.Tensor)).toEqual(numbersOf(model.predict(x())));
    expect(seeing.outputNames).toEqual([classifier.features, classifier.layer]);
  });

  test('has a classifier that can be frozen, and comes back in its own order', async () => {
    const model = make();
    const before = await artifactsOf(model);
    const frozen = await rebuilt(withFrozen(before, classifier.layer));
    expect(frozen.trainableWeights.length).toBe(model.trainableWeights.length - 2);
    expect(numbersOf(frozen.predict(x()))).toEqual(numbersOf(model.predict(x())));
    const back = withWeightsOf(before, await artifactsOf(frozen));
    expect(plain(back)).toEqual(plain(before));
  });

  test('can be given classes, and answers for the former ones as before', async () => {
    const model = make();
    const before = await artifactsOf(model);
    const grown = await rebuilt(withClasses(before, 5, 1));
    const after = grown.predict(x()) as tf.Tensor;
    expect(after.shape).toEqual([2, 5]);
    expect(numbersOf(tf.slice(after, [0, 0], [2, 3]))).toEqual(numbersOf(model.predict(x())));
    expect(numbersOf(tf.slice(after, [0, 3], [2, 2])).every((logit) => logit !== 0)).toBe(true);
    expect(plain(withClasses(before, 5, 1))).toEqual(plain(withClasses(before, 5, 1)));
    expect(plain(withClasses(before, 5, 2))).not.toEqual(plain(withClasses(before, 5, 1)));
    expect(() => withClasses(before, 2, 1)).toThrow(expect.objectContaining({ code: 'class-mismatch' }));
  });
});

test('a student whose last layer is not dense, or has another activation than softmax, is refused', async () => {
  const dense = (activation?: 'sigmoid') =>
    tf.layers.dense({ units: 3, inputShape: [5], ...(activation && { activation }) });
  for (const layers of [[dense('sigmoid')], [dense(), tf.layers.reLU()]]) {
    const artifacts = await artifactsOf(kept(tf.sequential({ layers })));
    expect(() => classifierOf(artifacts)).toThrow(expect.objectContaining({ code: 'student-invalid' }));
    expect(() => classifierOf({ ...artifacts, modelTopology: { class_name: 'Other' } })).toThrow(
      expect.objectContaining({ code: 'student-invalid' }),
    );
  }
});
