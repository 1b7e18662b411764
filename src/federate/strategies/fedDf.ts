import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import { meanOf } from '../combine.ts';
import { logitsOf, trainHere } from '../localTraining.ts';
import { sharedWeights, withShared } from '../sharedWeights.ts';
import type { Device, Gathered, Place, Strategy } from '../strategy.ts';
import { weightsMember } from '../weightsMember.ts';

const OPTIONS = schema('fedDf', {
  /** How often the averaged student sees each public example. Default 4. */
  epochs: count()(4),
  /** Of adam, with which it learns them. Default 0.001 (the paper). */
  learningRate: positive(1e-3),
  /** Default 64. */
  batchSize: count()(64),
});

/** How the average learns from its parts. */
export interface FedDfOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Ensemble distillation (FedDF): the clients' weights are averaged, and the average then learns what its parts say together of
 * public examples without labels. Whoever aggregates does this, so every client that may needs these examples.
 * Shapes    every weight of the student; the mean of the clients' 'logits' [N, C] on N public examples
 * Units     logits
 * Throws    invalid-option: no public data · unknown-output: a student without 'logits'
 * Source    Lin et al. 2020, algorithm 1, arXiv:2006.07242 (AVGLOGITS)
 * Differs   a fixed number of epochs; the paper stops early on a validation set
 */
export function fedDf(options: FedDfOptions = {}): Strategy {
  const read = OPTIONS.read(options);
  return {
    name: 'fedDf',
    options: read,
    kind: 'weights',
    readsPublicData: true,
    takesCombine: true,
    open: async (device) =>
      weightsMember(device, { readsParts: true, aggregate: (...given) => distilled(...given, read) }),
  };
}

async function distilled(
  { parts, before, combine }: Gathered,
  place: Place,
  device: Device,
  { epochs, learningRate, batchSize }: { epochs: number; learningRate: number; batchSize: number },
) {
  const { values, rejected } = combine.combine(parts, before);
  const all = () => true;
  const studentOf = (weights: NamedArrays) => withShared(device.artifacts, weights, all);
  const publicData = device.publicData as NonNullable<Device['publicData']>;
  const left = new Set(rejected.map(({ client }) => client));
  const said: { weight: number; values: NamedArrays }[] = [];
  for (const { client, values: weights } of parts) {
    if (left.has(client)) continue;
    const logits = await logitsOf('fedDf', device.trainer, studentOf(weights), publicData, place.signal);
    said.push({ weight: 1, values: { logits } });
  }
  const tools = { ...device, epochs, batchSize, optimizer: { name: 'adam', learningRate } } as const;
  const loss = softTargets({ temperature: 1 });
  const training = { from: studentOf(values), data: publicData, loss, answers: meanOf(said) };
  const { artifacts } = await trainHere(tools, training, place);
  return { values: sharedWeights(artifacts, all), rejected };
}
