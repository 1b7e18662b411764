import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import { type NamedArrays, sizeOf } from '../../core/shape.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import { logitsOf, trainHere } from '../localTraining.ts';
import type { Device, Member, Place, Strategy } from '../strategy.ts';

const OPTIONS = schema('fedMd', {
  /** How often a client sees each public example when it learns what all said of it. Default 2. */
  digestEpochs: count()(2),
  /** Softens the answers that it learns. Default 1. */
  temperature: positive(1),
});

/** How clients learn from each other's answers. */
export interface FedMdOptions extends OptionsOf<typeof OPTIONS> {}

/** Whether there are answers yet; before the first round nobody has said anything. */
const SAID = 'said';

/**
 * Federated distillation (FedMD): clients send what their models say of public examples, and learn from the mean of what all
 * said. No weight travels, and each client may have a model of its own: other layers, another size. In a round a client first
 * learns the answers of the last one (digest), then its own examples (revisit), and then answers. After the last round it learns
 * the answers once more.
 * Shapes    'logits' [N, C] on N public examples, which are the same, in the same order, for all
 * Units     logits
 * Throws    invalid-option: no public data · unknown-output: a student without 'logits'
 * Source    Li and Wang 2019, algorithm 1, arXiv:1910.03581
 * Differs   all public examples in each round; no transfer learning before the first; softened Kullback-Leibler divergence for
 *           the digest, as in distillation
 */
export function fedMd(options: FedMdOptions = {}): Strategy {
  const read = OPTIONS.read(options);
  return {
    name: 'fedMd',
    options: read,
    kind: 'answers',
    readsPublicData: true,
    isPersonal: true,
    takesCombine: true,
    open: (device) => open(device, read),
  };
}

async function open(
  device: Device,
  { digestEpochs, temperature }: { digestEpochs: number; temperature: number },
): Promise<Member> {
  const publicData = device.publicData as NonNullable<Device['publicData']>;
  const { trainer, data, loss } = device;
  let own: StudentArtifacts = device.artifacts;
  let digested = 0;
  const answer = async (signal: AbortSignal) => ({ logits: await logitsOf('fedMd', trainer, own, publicData, signal) });
  const { logits } = await answer(new AbortController().signal);
  const sent = { logits: logits.shape };
  const digest = async (shared: NamedArrays, place: Place) => {
    if (shared[SAID]?.data[0] !== 1 || digested === place.round) return;
    const answers = { logits: shared['logits'] as NamedArrays[string] };
    const training = { from: own, data: publicData, loss: softTargets({ temperature }), answers, epochs: digestEpochs };
    own = (await trainHere(device, training, place)).artifacts;
    digested = place.round;
  };
  return {
    sent,
    shared: { ...sent, [SAID]: [1] },
    first: () => ({
      logits: { data: new Float32Array(sizeOf(logits.shape)), shape: logits.shape },
      [SAID]: { data: Float32Array.of(0), shape: [1] },
    }),
    adopt: digest,
    async step(_shared, place) {
      own = (await trainHere(device, { from: own, data, loss }, place)).artifacts;
      return answer(place.signal);
    },
    async aggregate({ parts, before, combine }) {
      // Each counts the same, however many examples it has, as in the paper.
      const alike = parts.map((part) => ({ ...part, weight: 1 }));
      const { values, rejected } = combine.combine(alike, { logits: before['logits'] as NamedArrays[string] });
      return { values: { ...values, [SAID]: { data: Float32Array.of(1), shape: [1] } }, rejected };
    },
    artifacts: () => own,
  };
}
