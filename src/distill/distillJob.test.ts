// A batch on its way to the trainer: what may be moved is moved, and what others may hold is copied.
import { expose, type Remote, wrap } from 'comlink';
import { afterEach, expect, test } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { givesFresh } from '../data/fresh.ts';
import { take } from '../data/views.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { data, logitsOf, trainPoints } from './distillCases.ts';
import { epochsFor, makeSource } from './distillJob.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const all = Int32Array.of(0, 1, 2);

/** A dataset that remembers the arrays that it returned, either new ones each time or its own. */
function watched(isMarked: boolean) {
  const given: NamedArrays[] = [];
  const read: Dataset['read'] = async (indices) => {
    const examples = await data.read(indices);
    given.push(examples.inputs);
    return examples;
  };
  return { given, dataset: { ...data, read: isMarked ? givesFresh(read) : read } };
}

/** The source of a run across a channel, as a trainer's worker sees it. */
function sourceOf(dataset: Dataset, areKept: boolean) {
  const answers: NamedArrays[] = [];
  const lessons = {
    async rows() {
      answers.push({ logits: logitsOf(trainPoints) });
      return answers.at(-1) as NamedArrays;
    },
    areKept: () => areKept,
    holdout: Promise.resolve(undefined),
    busyMs: () => ({ data: 0, total: 0 }),
  };
  const options = { data: dataset, holdout: dataset } as unknown as Parameters<typeof makeSource>[0];
  const source = makeSource(options, softTargets(), lessons, new AbortController().signal);
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expose(source, port1);
  return { source: wrap(port2) as Remote<typeof source>, answers };
}

const bytesOf = (arrays: readonly NamedArrays[]) => arrays.map((one) => Object.values(one)[0]?.data.byteLength);

test('a batch of new arrays moves to the trainer, through views too', async () => {
  const { given, dataset } = watched(true);
  const { source, answers } = sourceOf(take(dataset, 40), true);
  const batch = await source.read(all);
  expect(batch.inputs).toEqual((await data.read(all)).inputs);
  expect(batch.teacher).toEqual({ logits: logitsOf(trainPoints) });
  await source.readInputs(all);
  await source.readHoldout(all);
  expect([bytesOf(given), bytesOf(answers)]).toEqual([[0, 0, 0], [0]]);
});

test('what a dataset of the caller’s own gave stays theirs', async () => {
  const { given, dataset } = watched(false);
  const { source } = sourceOf(take(dataset, 40), true);
  expect((await source.read(all)).inputs).toEqual((await data.read(all)).inputs);
  await source.readInputs(all);
  await source.readHoldout(all);
  expect(bytesOf(given)).toEqual([48, 48, 48]);
});

test('what a teacher was asked about just now, and what it answered, stays on this side', async () => {
  const { given, dataset } = watched(true);
  const { source, answers } = sourceOf(dataset, false);
  await source.read(all);
  expect([bytesOf(given), bytesOf(answers)]).toEqual([[48], [logitsOf(trainPoints).data.byteLength]]);
});

test('fewer examples are learned more often, if nothing says otherwise', () => {
  expect([1, 100, 300, 1300, 4000, 8000, 60_000].map(epochsFor)).toEqual([60, 54, 31, 15, 9, 6, 6]);
});
