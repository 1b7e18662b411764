import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import type { NamedArrays } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { LabelledDataset } from '../data/dataset.ts';
import { withoutLabels } from '../data/views.ts';
import { CLASSES, distance } from '../distill/distillCases.ts';
import { rightOf } from '../distill/schemes/schemesCases.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { studentFromArtifacts } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import {
  ADAM,
  held,
  heldLabels,
  labelledPoints,
  makeMlp,
  oneSided,
  openHere,
  runAll,
  SGD,
  weightsOf,
} from './cases/federateCases.ts';
import { weightedMean } from './combine.ts';
import { builtStudent, logitsOf, trainHere } from './localTraining.ts';
import type { Federated } from './public.ts';
import { fedAdam } from './strategies/fedAdam.ts';
import { fedAvg } from './strategies/fedAvg.ts';
import { fedDf } from './strategies/fedDf.ts';
import { fedMd } from './strategies/fedMd.ts';
import { fedProx } from './strategies/fedProx.ts';
import { fedYogi } from './strategies/fedYogi.ts';
import { personalHead } from './strategies/personalHead.ts';
import { sharedPatch } from './strategies/sharedPatch.ts';
import { weightsMember } from './weightsMember.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

const right = (student: Parameters<typeof rightOf>[1]) => rightOf(trainer, student, held, heldLabels);
const studentOf = (results: readonly Federated[]) => (results[0] as Federated).student;

describe('strategies on clients of which each knows mostly one class', () => {
  const shares = oneSided(360, 21);
  const publicData = withoutLabels(labelledPoints(150, 22));
  const options = { rounds: 4, epochs: 4, batchSize: 16, optimizer: ADAM };
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  async function alone(): Promise<number[]> {
    const signal = new AbortController().signal;
    const tools = { trainer, emit: () => undefined, epochs: 16, batchSize: 16, optimizer: ADAM };
    const from = await builtStudent(makeMlp(), { trainer, loss: crossEntropy() }, { seed: 1, signal });
    return Promise.all(
      shares.map(async (data, i) => {
        const { artifacts } = await trainHere(
          tools,
          { from, data, loss: crossEntropy() },
          { round: 1, seed: i, signal },
        );
        return right(studentFromArtifacts('alone', artifacts));
      }),
    );
  }

  let best = 0;
  beforeAll(async () => {
    best = Math.max(...(await alone()));
  });

  test.each([
    fedAvg(),
    fedDf({ epochs: 8, learningRate: 0.01, batchSize: 16 }),
    // What they do in a step of their own is tested for itself.
    ...(isLong ? [fedProx({ mu: 0.1 }), fedAdam({ learningRate: 0.1 }), fedYogi({ learningRate: 0.1 })] : []),
  ])('$name is better than each client alone, and all clients end with the same', async (strategy) => {
    const results = await runAll(shares, { trainer, strategy, publicData, ...options });
    const all = results.map(({ student }) => weightsOf(student));
    for (const weights of all) expect(weights).toEqual(all[0]);
    expect(await right(studentOf(results))).toBeGreaterThan(best + 0.05);
  });

  test('fedDf’s student knows more than the average that it starts from', async () => {
    const once = { trainer, publicData, ...options, rounds: 1 };
    const average = studentOf(await runAll(shares, once));
    const strategy = fedDf({ epochs: 20, learningRate: 0.01, batchSize: 16 });
    expect(await right(studentOf(await runAll(shares, { ...once, strategy })))).toBeGreaterThan(await right(average));
  });

  test('fedDf teaches the mean of all clients’ logits, each of which counts the same', async () => {
    const place = { round: 1, seed: 3, signal: new AbortController().signal };
    const tools = { trainer, loss: crossEntropy(), emit: () => undefined, epochs: 3, batchSize: 16, optimizer: ADAM };
    const artifacts = await builtStudent(makeMlp(), tools, place);
    let taught: NamedArrays | undefined;
    const listening: typeof trainer.train = async (job, source, ...rest) => {
      taught = (await source.read(Int32Array.from({ length: publicData.size }, (_, i) => i))).teacher;
      return trainer.train(job, source, ...rest);
    };
    const device = { ...tools, artifacts, data: shares[0] as LabelledDataset, publicData, keep: undefined };
    const parts = [];
    const said: number[][] = [];
    for (const [i, data] of shares.entries()) {
      const member = await fedDf().open({ ...device, data });
      parts.push({ client: `c${i}`, weight: 1 + i, values: await member.step(await member.first(), place) });
      said.push(Array.from((await logitsOf('fedDf', trainer, member.artifacts(), publicData, place.signal)).data));
    }
    const server = await fedDf({ epochs: 1 }).open({ ...device, trainer: { ...trainer, train: listening } });
    await server.aggregate({ parts, before: await server.first(), combine: weightedMean() }, place);
    const given = Array.from(taught?.['logits']?.data ?? []);
    expect(given.length).toBe(publicData.size * CLASSES);
    const off = given.map((value, at) => Math.abs(value - meanOf(said.map((logits) => logits[at] as number))));
    expect(Math.max(...off)).toBeLessThan(1e-5);
  });

  test('fedMd teaches students of different sizes, and each becomes better than alone', async () => {
    const results = await runAll(
      shares,
      { trainer, strategy: fedMd({ digestEpochs: 8 }), publicData, ...options },
      (i) => makeMlp(6 + 3 * i),
    );
    const after = await Promise.all(results.map(({ student }) => right(student)));
    expect(new Set(results.map(({ student }) => weightsOf(student).length)).size).toBe(CLASSES);
    expect(Math.min(...after)).toBeGreaterThan(best + 0.05);
    expect(meanOf(after)).toBeGreaterThan(0.8);
  });

  test('fedMd without the others’ answers is as good as alone: they are what helps', async () => {
    // Noise in place of public examples that mean something.
    const noise = fromArrays({ data: new Float32Array(publicData.size * 4), shape: [publicData.size, 4] });
    const results = await runAll(shares, {
      trainer,
      strategy: fedMd({ digestEpochs: 4 }),
      publicData: noise,
      ...options,
      rounds: 2,
    });
    const after = await Promise.all(results.map(({ student }) => right(student)));
    expect(meanOf(after)).toBeLessThan(0.8);
  });

  test('personalHead shares all layers but the last', async () => {
    const results = await runAll(shares, { trainer, strategy: personalHead(), ...options, rounds: 1 });
    const [a, b] = results.map(({ student }) => student);
    const parts = (student: typeof a) => {
      const weights = weightsOf(student as never);
      return { body: weights.slice(0, 4 * 8 + 8), head: weights.slice(4 * 8 + 8) };
    };
    expect(parts(a).body).toEqual(parts(b).body);
    expect(parts(a).head).not.toEqual(parts(b).head);
    const whole = weightsOf(a as never).byteLength;
    expect(results[0]?.report.rounds[0]?.contributions[0]?.bytes).toBeGreaterThan(0);
    expect(parts(a).body.byteLength).toBeLessThan(whole);
  });

  test('sharedPatch changes a frozen base by what travels, and every client ends with the same', async () => {
    for (const strategy of [sharedPatch({ learns: 'head' }), sharedPatch({ rank: 1, sharedRank: 3 })]) {
      const results = await runAll(
        shares,
        { trainer, strategy, ...options, rounds: 3, optimizer: { name: 'adam', learningRate: 0.05 } },
        () => makeMlp(24),
      );
      const all = results.map(({ student }) => weightsOf(student));
      for (const weights of all) expect(weights).toEqual(all[0]);
      const bytes = results[0]?.report.rounds[0]?.contributions[0]?.bytes as number;
      expect(bytes).toBeLessThan((all[0] as Float32Array).byteLength + 2000);
      expect(await right(studentOf(results))).toBeGreaterThan(0.5);
    }
  });

  test('fedProx’s pull keeps a client’s weights near the shared ones', async () => {
    const place = { round: 1, seed: 3, signal: new AbortController().signal };
    const loss = crossEntropy();
    const tools = {
      trainer,
      loss,
      emit: () => undefined,
      epochs: 5,
      batchSize: 16,
      optimizer: SGD,
      publicData: undefined,
    };
    const artifacts = await builtStudent(makeMlp(), tools, place);
    const device = { ...tools, artifacts, data: shares[0] as LabelledDataset, keep: undefined };
    const moved = async (mu: number) => {
      const member = await fedProx({ mu }).open(device);
      await member.step(await member.first(), place);
      return distance(new Float32Array(member.artifacts().weightData), new Float32Array(artifacts.weightData));
    };
    expect(await moved(4)).toBeLessThan(0.7 * (await moved(0)));
  });

  test('distilling the shared model keeps what a client’s own examples do not show', async () => {
    const signal = new AbortController().signal;
    const place = { round: 1, seed: 3, signal };
    const loss = crossEntropy();
    const tools = {
      trainer,
      loss,
      emit: () => undefined,
      epochs: 15,
      batchSize: 16,
      optimizer: ADAM,
      publicData: undefined,
    };
    const first = await builtStudent(makeMlp(), tools, place);
    const { artifacts } = await trainHere(tools, { from: first, data: labelledPoints(150, 23), loss }, place);
    const afterStep = async (keep: { weight: number; temperature: number } | undefined) => {
      const member = weightsMember({ ...tools, artifacts, data: shares[0] as LabelledDataset, keep });
      await member.step(member.first() as NamedArrays, place);
      return right(studentFromArtifacts('after', member.artifacts()));
    };
    expect(await afterStep({ weight: 4, temperature: 2 })).toBeGreaterThan((await afterStep(undefined)) + 0.02);
  });
});
