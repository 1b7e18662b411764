import type { NamedArrays, Shapes } from '../core/shape.ts';
import { weighted } from '../losses/combination/weighted.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { AdaptationOptions } from '../train/parts/adaptation/adaptation.ts';
import type { Combined } from './combine.ts';
import { answersOf, trainHere } from './localTraining.ts';
import { type IsShared, sharedShapes, sharedWeights, withShared } from './sharedWeights.ts';
import type { Device, Gathered, Member, Place } from './strategy.ts';

/** What a strategy that shares weights does in its own way. */
export interface WeightsWay {
  /** Default: all weights. */
  readonly isShared?: IsShared;
  /** What restrains a client's step. */
  readonly adaptation?: (shared: Shapes, artifacts: StudentArtifacts) => AdaptationOptions;
  /** What else a round begins with, besides the weights. */
  readonly memory?: (shared: Shapes) => NamedArrays;
  /** Whether `aggregate` looks at each client's weights. Default false. */
  readonly readsParts?: boolean;
  /** Default: the combined weights. */
  readonly aggregate?: (gathered: Gathered, place: Place, device: Device) => Combined | Promise<Combined>;
}

/** A client that learns from the shared weights and sends its own. */
export function weightsMember(device: Device, way: WeightsWay = {}): Member {
  const {
    isShared = () => true,
    aggregate = ({ parts, before, combine }: Gathered) => combine.combine(parts, before),
  } = way;
  let own = device.artifacts;
  const sent = sharedShapes(own, isShared);
  const memory = way.memory?.(sent) ?? {};
  const adaptation = way.adaptation?.(sent, own);
  return {
    sent,
    takesMeans: way.readsParts !== true,
    shared: { ...sent, ...Object.fromEntries(Object.entries(memory).map(([name, { shape }]) => [name, shape])) },
    first: () => ({ ...sharedWeights(device.artifacts, isShared), ...memory }),
    async adopt(shared) {
      own = withShared(own, shared, isShared);
    },
    async step(shared, place) {
      const from = withShared(own, shared, isShared);
      const kept = await keptAnswers(device, from, place);
      const training = { from, data: device.data, loss: device.loss, ...kept, ...(adaptation && { adaptation }) };
      own = (await trainHere(device, training, place)).artifacts;
      return sharedWeights(own, isShared);
    },
    aggregate: async (gathered, place) => aggregate(gathered, place, device),
    artifacts: () => own,
  };
}

/**
 * Distillation against forgetting: besides its labels, the client learns what the shared model says of its examples.
 * Source    Yao et al. 2021, "FedGKD", arXiv:2107.00051, eq. 4 (the global model as the teacher)
 */
async function keptAnswers({ keep, trainer, data, loss }: Device, from: StudentArtifacts, { signal }: Place) {
  if (keep === undefined || keep.weight === 0) return {};
  const { logits } = await answersOf(trainer, from, data, signal);
  if (logits === undefined) return {};
  const { weight, temperature } = keep;
  return {
    answers: { logits },
    loss: weighted([
      { loss, weight: 1 },
      { loss: softTargets({ temperature }), weight },
    ]),
  };
}
