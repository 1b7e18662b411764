import { LimbeckError } from '../../core/errors.ts';
import { permutation, seededRandom } from '../../core/random.ts';
import { count, given, notNegative, type OptionsOf, positive, type Read, schema } from '../../core/schema.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { fromArrays } from '../../data/arrays.ts';
import type { Dataset } from '../../data/dataset.ts';
import { pick } from '../../data/views.ts';
import { weighted } from '../../losses/combination/weighted.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import { type Classifier, classifierOf, withFeatures } from '../../student/topology/classifier.ts';
import { stacked } from '../../student/topology/stacked.ts';
import { checkWidths, mlp } from '../../student/zoo/mlp.ts';
import type { Part } from '../combine.ts';
import { answersOf, builtStudent, trainHere } from '../localTraining.ts';
import { sharedShapes, sharedWeights, withShared } from '../sharedWeights.ts';
import type { Device, Gathered, Member, Place, Strategy } from '../strategy.ts';

const OPTIONS = schema('fedGkt', {
  /** Widths of the hidden layers that all share, above the clients' features. Default [128]. */
  hidden: given<readonly number[]>(checkWidths, [128]),
  /** Of how many of its examples, drawn anew in each round, a client sends the features. Default 128. */
  examples: count()(128),
  /** How often the upper layers see what was sent. Default 4. */
  upperEpochs: count()(4),
  /** Of adam, with which they learn it. Default 0.001. */
  learningRate: positive(1e-3),
  /** Weight of each other's answers, where labels have 1. Default 1. */
  weight: notNegative(1),
  /** Softens them. Default 3. */
  temperature: positive(3),
});

/** What stands above the clients' features, and how it learns. */
export interface FedGktOptions extends OptionsOf<typeof OPTIONS> {}

/** Whether the upper layers have learned anything. */
const TAUGHT = 'taught';
const all = () => true;

/**
 * Group knowledge transfer (FedGKT), a split: a client has a small student, and sends the features that its last layer reads, with
 * its answers and labels. Whoever aggregates trains the larger upper layers on the features of all. In the next round a client learns
 * from its labels and from what the upper layers say of its own features. It ends with its own lower layers below the shared upper
 * ones. Students may differ, except for the number of features.
 *
 * Features and labels say much of a client's examples: more than weights do. Everybody who aggregates sees them.
 * Shapes    'features' [N, F], 'logits' [N, C] and 'labels' [N] of N examples; a round begins with the upper layers' weights
 * Units     logits
 * Throws    student-invalid: the last layer is not dense, or no layer with weights stands below it
 * Source    He, Annavaram, Avestimehr 2020, algorithm 1, arXiv:2007.14513
 * Differs   the upper layers' weights travel, not their answers; they are an `mlp`; some examples in each round, not all
 */
export function fedGkt(options: FedGktOptions = {}): Strategy {
  const read = OPTIONS.read(options);
  return {
    name: 'fedGkt',
    options: read,
    kind: 'answers',
    isPersonal: true,
    takesCombine: false,
    open: (device) => open(device, read),
  };
}

async function open(device: Device, settings: Read<typeof OPTIONS>): Promise<Member> {
  const { trainer, data, loss } = device;
  const { examples, weight, temperature, hidden } = settings;
  const { signal: always } = new AbortController();
  const classifier = classifierOf(device.artifacts);
  const { classes } = classifier;
  let own = device.artifacts;
  const answer = async (asked: Dataset, signal: AbortSignal) => {
    const outputs = await answersOf(trainer, withFeatures(own, classifier), asked, signal);
    return { features: outputs[classifier.features] as NdArray, logits: outputs[classifier.layer] as NdArray };
  };
  requireLower(device.artifacts, classifier);
  const width = (await answer(pick(data, Int32Array.of(0)), always)).features.shape[1] as number;
  const upper = await builtStudent(mlp({ inputShape: [width], hidden, classes }), device, { seed: 1, signal: always });
  const both = weighted([
    { loss, weight: 1 },
    { loss: softTargets({ temperature }), weight },
  ]);
  /** What was last adopted; nothing before the upper layers have learned. */
  let above: typeof upper | undefined;
  const upperOf = (shared: NamedArrays) => (shared[TAUGHT]?.data[0] === 1 ? withShared(upper, shared, all) : undefined);
  const teach = async (teacher: typeof upper, signal: AbortSignal) => {
    const { features } = await answer(data, signal);
    const { logits } = await answersOf(trainer, teacher, fromArrays(features), signal);
    return { loss: both, answers: { logits: logits as NdArray } };
  };
  const taught = (value: 0 | 1) => ({ [TAUGHT]: { data: Float32Array.of(value), shape: [1] } });
  return {
    sent: { features: [examples, width], logits: [examples, classes], labels: [examples] },
    shared: { ...sharedShapes(upper, all), [TAUGHT]: [1] },
    first: () => ({ ...sharedWeights(upper, all), ...taught(0) }),
    async adopt(shared) {
      above = upperOf(shared);
    },
    async step(shared, place) {
      const teacher = upperOf(shared);
      const said = teacher && (await teach(teacher, place.signal));
      own = (await trainHere(device, { from: own, data, ...(said ?? { loss }) }, place)).artifacts;
      const order = permutation(data.size, seededRandom(place.seed));
      const indices = Int32Array.from({ length: examples }, (_, i) => order[i % order.length] as number);
      const { labels } = await data.read(indices, place.signal);
      return {
        ...(await answer(pick(data, indices), place.signal)),
        labels: { data: Float32Array.from(labels), shape: [examples] },
      };
    },
    async aggregate({ parts, before }, place) {
      const isSound = ({ values }: Part) =>
        Array.from(values['labels']?.data ?? []).every(
          (label) => Number.isInteger(label) && label >= -1 && label < classes,
        );
      const sound = parts.filter(isSound);
      const what = 'its labels are not those of classes';
      const rejected = parts
        .filter((part) => !isSound(part))
        .map(({ client }) => ({ client, why: 'malformed' as const, what }));
      if (sound.length === 0) return { values: before, rejected };
      const from = withShared(upper, before, all);
      const learned = await learnAll(sound, { from, loss: both }, device, settings, place);
      return { values: { ...sharedWeights(learned, all), ...taught(1) }, rejected };
    },
    artifacts: () => (above === undefined ? own : stacked(own, classifier, above)),
  };
}

/** The upper layers after they have seen the features of all. */
async function learnAll(
  parts: Gathered['parts'],
  { from, loss }: { readonly from: Device['artifacts']; readonly loss: Device['loss'] },
  device: Device,
  { upperEpochs: epochs, learningRate }: Read<typeof OPTIONS>,
  place: Place,
) {
  const joined = (name: string) => joinRows(parts.map(({ values }) => values[name] as NamedArrays[string]));
  const data = fromArrays(joined('features'), Array.from(joined('labels').data));
  const tools = { ...device, epochs, optimizer: { name: 'adam', learningRate } } as const;
  return (await trainHere(tools, { from, data, loss, answers: { logits: joined('logits') } }, place)).artifacts;
}

function joinRows(arrays: readonly NdArray[]): NdArray {
  const [{ shape }] = arrays as [NdArray];
  const data = new Float32Array(arrays.reduce((sum, one) => sum + one.data.length, 0));
  let at = 0;
  for (const one of arrays) {
    data.set(one.data, at);
    at += one.data.length;
  }
  return { data, shape: [arrays.length * (shape[0] as number), ...shape.slice(1)] };
}

/** Throws    student-invalid: what the last layer reads is the example itself, which must not travel */
function requireLower({ weightSpecs }: Device['artifacts'], { layer }: Classifier): void {
  if (weightSpecs.some(({ name }) => !name.startsWith(`${layer}/`))) return;
  throw new LimbeckError(
    'student-invalid',
    "fedGkt sends what the student's last layer reads, and no layer with weights stands below it, so that is the example itself. " +
      'Give a student with a hidden layer.',
  );
}
