import { LimbeckError } from '../../../core/errors.ts';
import { firstNonFinite, formatShape, type NamedArrays, type NdArray } from '../../../core/shape.ts';
import type { Patch } from '../../../student/patch/patch.ts';
import type { ExampleInput, ProfileLearner, ProfilePrediction } from '../profile.ts';
import type { Archive } from '../storage/archive.ts';
import { isDamage } from '../storage/record.ts';
import { asBatch } from './exampleInput.ts';

/** Predictions by the current version. */
export interface Predicting {
  /** Throws    as `Profile.predict` */
  predict(input: ExampleInput): Promise<ProfilePrediction>;
  /** The current version may have changed: the next prediction checks. */
  startOver(): void;
}

/** What predicts: a patch, or the base alone, and what its classes are called. */
interface Predictor {
  readonly patch: Patch | undefined;
  readonly classes: readonly string[];
}

/** `mayKeep`: whether changes by other tabs are heard; if not, each prediction checks which version is current. */
export function openPredicting(archive: Archive, learner: ProfileLearner, mayKeep: () => boolean): Predicting {
  let predictor: Promise<Predictor> | undefined;
  return {
    async predict(input) {
      const batch = asBatch(input, learner.inputs);
      if (!mayKeep()) predictor = undefined;
      predictor ??= archive.whileThere(() => predictorOf(archive));
      const found = await predictor.catch((error) => {
        predictor = undefined;
        throw error;
      });
      return predict(learner, found, batch);
    },
    startOver() {
      predictor = undefined;
    },
  };
}

/** The current version's patch. If it is damaged, that of its stand-in. */
async function predictorOf({ read, versions, binding }: Archive): Promise<Predictor> {
  for (;;) {
    const { current } = await read();
    if (current === undefined) return { patch: undefined, classes: binding.labels };
    try {
      return { patch: await versions.patch(current.key), classes: current.classes };
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
}

/** Throws    class-mismatch: not a probability for each class · not-finite */
async function predict(
  learner: ProfileLearner,
  { patch, classes }: Predictor,
  batch: NamedArrays,
): Promise<ProfilePrediction> {
  const { data, shape } = await learner.predict(patch, batch);
  if (data.length !== classes.length) {
    throw new LimbeckError(
      'class-mismatch',
      `The learner gave probabilities ${formatShape(shape)} for one example and the ${classes.length} classes ` +
        `${classes.join(', ')}; it must give one for each.`,
      { details: { shape, classes } },
    );
  }
  checkNumbers(data, 'probabilities');
  let best = 0;
  for (let c = 1; c < data.length; c++) if ((data[c] as number) > (data[best] as number)) best = c;
  return {
    label: classes[best] as string,
    confidence: data[best] as number,
    probs: Object.fromEntries(classes.map((label, c) => [label, data[c] as number])),
  };
}

/**
 * Shapes    batch of one → [1, F]
 * Throws    shape-mismatch · not-finite: of the learner's features
 */
export async function featuresOf(learner: ProfileLearner, batch: NamedArrays): Promise<NdArray> {
  const features = await learner.features(batch);
  if (features.shape.length !== 2 || features.shape[0] !== 1) {
    throw new LimbeckError(
      'shape-mismatch',
      `The learner gave features ${formatShape(features.shape)} for one example; they must be [1, F].`,
      { details: { shape: features.shape } },
    );
  }
  checkNumbers(features.data, 'features');
  return features;
}

function checkNumbers(data: NdArray['data'], what: string): void {
  const at = firstNonFinite(data);
  if (at < 0) return;
  throw new LimbeckError('not-finite', `The learner gave ${what} with ${data[at]} at place ${at}.`, {
    details: { at },
  });
}
