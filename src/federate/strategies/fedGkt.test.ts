import { afterAll, beforeAll, expect, test } from 'vitest';
import { rightOf } from '../../distill/schemes/schemesCases.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { studentFromArtifacts } from '../../student/student.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import type { Trainer } from '../../train/trainer.ts';
import { ADAM, floats, held, heldLabels, makeMlp, oneSided, openHere, runAll } from '../cases/federateCases.ts';
import { builtStudent, trainHere } from '../localTraining.ts';
import type { Device } from '../strategy.ts';
import { fedGkt } from './fedGkt.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

const { signal } = new AbortController();
const shares = oneSided(360, 21);
const common = { epochs: 4, batchSize: 16, optimizer: ADAM };
const place = (round: number) => ({ round, seed: round, signal });
const right = (student: Parameters<typeof rightOf>[1]) => rightOf(trainer, student, held, heldLabels);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function deviceOf(student = makeMlp()): Promise<Device> {
  const loss = crossEntropy();
  const artifacts = await builtStudent(student, { trainer, loss }, { seed: 1, signal });
  const [data] = shares as [(typeof shares)[0]];
  const more = { publicData: undefined, keep: undefined, emit: () => undefined };
  return { ...common, ...more, trainer, artifacts, data, loss };
}

test('clients with upper layers that learned from the features of all know more than alone', async () => {
  const { artifacts: from, loss } = await deviceOf();
  const tools = { ...common, trainer, emit: () => undefined, epochs: 16 };
  const alone = await Promise.all(
    shares.map(async (data, i) => {
      const { artifacts } = await trainHere(tools, { from, data, loss }, place(i));
      return right(studentFromArtifacts('alone', artifacts));
    }),
  );
  const strategy = fedGkt({ hidden: [16], examples: 60, learningRate: 0.02, upperEpochs: 8 });
  const results = await runAll(shares, { ...common, trainer, strategy, rounds: 4 });
  const after = await Promise.all(results.map(({ student }) => right(student)));
  expect(mean(after)).toBeGreaterThan(mean(alone) + 0.05);
  expect(results[0]?.report.rounds.map(({ contributions }) => contributions.length)).toEqual(
    Array.from({ length: 4 }, () => shares.length),
  );
});

test('a client sends features and no inputs, and learns from what the upper layers say of them', async () => {
  const member = await fedGkt({ hidden: [4], examples: 10, weight: 50 }).open(await deviceOf(makeMlp(6)));
  expect(member.sent).toEqual({ features: [10, 6], logits: [10, 3], labels: [10] });
  const first = await member.first();
  await member.adopt(first, place(1));
  const sent = await member.step(first, place(1));
  const part = { client: 'c0', weight: 1, values: sent };
  const gathered = { parts: [part], before: first, combine: undefined as never };
  const { values } = await member.aggregate(gathered, place(1));
  expect(values).not.toEqual(first);
  const outcome = async (weights: typeof values) => {
    const again = await fedGkt({ hidden: [4], examples: 10, weight: 50 }).open(await deviceOf(makeMlp(6)));
    await again.adopt(weights, place(2));
    return again.step(weights, place(2));
  };
  const other = Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => [
      name,
      name === 'taught' ? { data, shape } : { data: Float32Array.from(data, (value) => -3 * value), shape },
    ]),
  );
  expect((await outcome(values))['features']).not.toEqual((await outcome(other))['features']);
});

test('labels that are none leave their sender out, and nothing is learned where nobody is left', async () => {
  const member = await fedGkt({ hidden: [4], examples: 2 }).open(await deviceOf());
  const before = await member.first();
  const part = (client: string, ...labels: number[]) => ({
    ...{ client, weight: 1 },
    values: {
      features: floats([2, 8], ...new Array(16).fill(0.5)),
      logits: floats([2, 3], 0, 1, 2, 2, 1, 0),
      labels: floats([2], ...labels),
    },
  });
  const aggregate = (...parts: ReturnType<typeof part>[]) =>
    member.aggregate({ parts, before, combine: undefined as never }, place(1));
  const some = await aggregate(part('a', 0, 1), part('b', 0, 3), part('c', 0.5, 1));
  expect(some.rejected).toMatchObject([
    { client: 'b', why: 'malformed' },
    { client: 'c', why: 'malformed' },
  ]);
  expect(some.values['taught']?.data[0]).toBe(1);
  expect((await aggregate(part('b', 0, 9))).values).toBe(before);
});

test('a student whose last layer reads the example is refused', async () => {
  const plain = mlp({ inputShape: [4], hidden: [], classes: 3 });
  await expect(fedGkt().open(await deviceOf(plain))).rejects.toMatchObject({ code: 'student-invalid' });
});
