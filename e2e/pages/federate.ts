// One tab of a federation: points whose class is the nearest of three directions, of which each tab knows mostly one.
import { fromArrays, mlp, openTrainer } from 'limbeck';
import { type FederateEvent, federate, openBroadcastChannel } from 'limbeck/federate';

const FEATURES = 4;
const CLASSES = 3;
const directions = [
  [3, 0, 1, 0],
  [-2, 3, 0, 0],
  [-1, -3, 0, 1],
];

/** Points drawn by a simple generator; those of other classes than `own` are mostly left out. */
function points(count: number, seed: number, own?: number) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const values: number[] = [];
  const labels: number[] = [];
  while (labels.length < count) {
    const point = Array.from({ length: FEATURES }, () => 2 * random() - 1);
    const scores = directions.map((direction) =>
      direction.reduce((sum, weight, i) => sum + weight * (point[i] as number), 0),
    );
    const label = scores.indexOf(Math.max(...scores));
    if (own !== undefined && label !== own && random() > 0.15) continue;
    values.push(...point);
    labels.push(label);
  }
  return fromArrays({ data: Float32Array.from(values), shape: [count, FEATURES] }, labels);
}

let told: FederateEvent[] = [];

export const events = () => told;

export interface TabOptions {
  readonly federation: string;
  readonly client: string;
  readonly own: number;
  readonly rounds: number;
  readonly minimumClients: number;
}

/** Runs to the end; the weights' bits as text, and what it says of the rounds. */
export async function takePart({ federation, client, own, rounds, minimumClients }: TabOptions) {
  told = [];
  await using transport = await openBroadcastChannel(federation);
  await using trainer = await openTrainer({ worker: 'none', threads: 1 });
  const run = federate({
    ...{ transport, client, rounds, minimumClients, trainer, seed: 3, epochs: 4, batchSize: 16 },
    ...{ student: mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [8] }), data: points(90, 7 + own, own) },
    ...{ holdout: points(200, 99), optimizer: { learningRate: 0.02 }, beatMs: 200, vanishMs: 2000, roundMs: 20_000 },
  });
  for await (const event of run) told.push(event);
  const { student, report } = await run.done;
  return {
    weights: [...new Uint8Array(student.artifacts?.weightData ?? new ArrayBuffer(0))].join(),
    rounds: report.rounds.map(({ contributions, accuracy }) => ({
      clients: contributions.map((one) => one.client),
      accuracy,
    })),
  };
}
