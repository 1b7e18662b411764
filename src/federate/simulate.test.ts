import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutLabels } from '../data/views.ts';
import { CLASSES } from '../distill/distillCases.ts';
import type { Trainer } from '../train/trainer.ts';
import { labelledPoints, makeMlp, openHere } from './cases/federateCases.ts';
import { type SimulateEvent, simulate } from './simulate.ts';
import { fedMd } from './strategies/fedMd.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

const data = labelledPoints(200, 31);
const holdout = labelledPoints(200, 32);
const common = { data, holdout, student: () => makeMlp(), clients: 4, rounds: 3, epochs: 4, batchSize: 16 };
const optimizer = { name: 'adam', learningRate: 0.02 } as const;

test('plays every round, tells what it cost, and compares with clients alone', async () => {
  const run = simulate({ ...common, optimizer, compare: true, trainers: [trainer] });
  const events: SimulateEvent[] = [];
  for await (const event of run) events.push(event);
  const report = await run.done;
  expect(report.rounds.map(({ round, clients }) => [round, clients])).toEqual([
    [1, 4],
    [2, 4],
    [3, 4],
  ]);
  expect(events.filter(({ type }) => type === 'alone')).toHaveLength(4);
  expect(report.accuracy).toBe(report.rounds[2]?.accuracy);
  expect(report.centralAccuracy).toBeGreaterThan(report.bestAlone as number);
  expect(report.bytesPerClientPerRound).toBeGreaterThan(2 * (report.rounds[0]?.updateBytes as number));
});

test('gives the same figures for the same seed, however many trainers share the clients', async () => {
  await using second = await openHere();
  const play = async (trainers: readonly Trainer[], seed: number) => {
    const { rounds } = await simulate({ ...common, optimizer, rounds: 2, epochs: 1, trainers, seed }).done;
    return rounds.map(({ accuracy, updateBytes }) => [accuracy, updateBytes]);
  };
  const one = await play([trainer], 1);
  expect(await play([trainer, second], 1)).toEqual(one);
  expect(await play([trainer], 2)).not.toEqual(one);
});

test('of clients with students of their own it tells the mean, and a part of them may take part', async () => {
  const publicData = withoutLabels(labelledPoints(60, 33));
  const student = (client: number) => makeMlp(6 + client);
  const run = simulate({
    ...common,
    optimizer,
    strategy: fedMd(),
    publicData,
    student,
    participation: 0.5,
    trainers: [trainer],
  });
  const { rounds, accuracy } = await run.done;
  expect(rounds.map(({ clients }) => clients)).toEqual([2, 2, 2]);
  expect(accuracy).toBeGreaterThan(0.3);
});

test('a client learns from what stands in place of its share', async () => {
  const sizes: number[] = [];
  const shareOf = (client: number, share: typeof data): typeof data => {
    sizes[client] = share.size;
    const read: typeof share.read = async (...asked) => {
      const examples = await share.read(...asked);
      return { ...examples, labels: examples.labels.map((label) => (label + 1) % CLASSES) };
    };
    return { ...share, read };
  };
  const { accuracy } = await simulate({ ...common, optimizer, alpha: 10, shareOf, trainers: [trainer] }).done;
  expect(sizes).toEqual([50, 50, 50, 50]);
  // All have learned wrong classes.
  expect(accuracy).toBeLessThan(0.25);
});

test('many clients are no leak of listeners: Node has nothing to warn of', async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error) => void warnings.push(message);
  process.on('warning', note);
  await simulate({ ...common, clients: 40, rounds: 2, epochs: 1, trainers: [trainer] }).done;
  // Warnings come a tick after what they are about.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

test('stops when it is cancelled, and refuses more clients than examples', async () => {
  const run = simulate({ ...common, rounds: 1000, trainers: [trainer] });
  for await (const { type } of run) if (type === 'round') break;
  run.cancel();
  await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
  await expect(simulate({ ...common, clients: 201, trainers: [trainer] }).done).rejects.toMatchObject({
    code: 'invalid-option',
  });
});
