import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { derivedSeed } from '../core/random.ts';
import type { NamedArrays } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { LabelledDataset } from '../data/dataset.ts';
import { pick, withoutLabels } from '../data/views.ts';
import { CLASSES, labelsOf, points } from '../distill/distillCases.ts';
import { rightOf } from '../distill/schemes/schemesCases.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { studentFromArtifacts } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import { labelledPoints, makeMlp, oneSided, openHere, QUICK, runAll, weightsOf } from './cases/federateCases.ts';
import { builtStudent, trainHere } from './localTraining.ts';
import { type Federated, type FederateEvent, federate, loopback } from './public.ts';
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

const SGD = { name: 'sgd', learningRate: 0.1 } as const;
const ADAM = { name: 'adam', learningRate: 0.02 } as const;
const held = points(300, 77);
const heldLabels = labelsOf(held);
const right = (student: Parameters<typeof rightOf>[1]) => rightOf(trainer, student, held, heldLabels);
const quarters = (count: number, seed: number) => {
  const all = labelledPoints(count, seed);
  const size = count / 4;
  return [0, 1, 2, 3].map((k) =>
    pick(
      all,
      Int32Array.from({ length: size }, (_, i) => k * size + i),
    ),
  );
};
const studentOf = (results: readonly Federated[]) => (results[0] as Federated).student;
const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

describe('fedAvg', () => {
  test('of equal shares after one step of plain SGD is one step on all examples', async () => {
    const all = labelledPoints(48, 3);
    const results = await runAll(quarters(48, 3), { trainer, rounds: 1, batchSize: 64, optimizer: SGD, seed: 5 });
    const { trainer: own, ...where } = { trainer, loss: crossEntropy(), signal: new AbortController().signal };
    const first = await builtStudent(
      makeMlp(),
      { trainer: own, loss: where.loss },
      { seed: firstSeed(5), signal: where.signal },
    );
    const tools = { trainer, emit: () => undefined, epochs: 1, batchSize: 64, optimizer: SGD };
    const central = await trainHere(
      tools,
      { from: first, data: all, loss: where.loss },
      { round: 1, seed: 1, signal: where.signal },
    );
    const expected = new Float32Array(central.artifacts.weightData);
    expect(distance(expected, new Float32Array(first.weightData))).toBeGreaterThan(1e-3);
    for (const { student } of results) expect(distance(weightsOf(student), expected)).toBeLessThan(1e-5);
  });

  test('gives the same bits for the same seed, to every client, and others for another', async () => {
    const play = async (seed: number) => {
      const options = { trainer, rounds: 2, epochs: 2, batchSize: 8, optimizer: ADAM, seed };
      const results = await runAll(quarters(64, 4), options);
      const weights = results.map(({ student }) => weightsOf(student));
      for (const other of weights) expect(other).toEqual(weights[0]);
      const hashes = results[0]?.report.rounds.map(({ result, contributions }) => [
        result,
        contributions.map(({ hash }) => hash),
      ]);
      return { weights: weights[0] as Float32Array, hashes };
    };
    const [one, again, other] = [await play(1), await play(1), await play(2)];
    expect(again).toEqual(one);
    expect(distance(other.weights, one.weights)).toBeGreaterThan(1e-3);
  });

  test('reports who contributed, what travelled, and how good the student has become', async () => {
    const [data, ...others] = quarters(160, 6);
    const federation = loopback();
    const common = { trainer, rounds: 3, epochs: 4, optimizer: ADAM, minimumClients: 4, ...QUICK };
    const holdout = fromArrays(held, heldLabels);
    const mine = federate({
      ...common,
      student: makeMlp(),
      data: data as never,
      client: 'mine',
      holdout,
      transport: federation.open(),
    });
    const theirs = others.map((share, i) =>
      federate({ ...common, student: makeMlp(), data: share, client: `c${i}`, transport: federation.open() }),
    );
    const events: FederateEvent[] = [];
    for await (const event of mine) events.push(event);
    const { student, report } = await mine.done;
    await Promise.all(theirs.map(({ done }) => done));
    expect(report.contributions).toEqual({ mine: 3, c0: 3, c1: 3, c2: 3 });
    expect(report.sent).toEqual([1, 2, 3]);
    expect(report.rounds.map(({ round, accuracy }) => [round, typeof accuracy])).toEqual(
      [1, 2, 3].map((i) => [i, 'number']),
    );
    expect(report.rounds.at(-1)?.accuracy).toBeCloseTo(await right(student), 10);
    expect(await right(student)).toBeGreaterThan(0.8);
    const weightBytes = weightsOf(student).byteLength;
    expect(report.sentBytes).toBeGreaterThan(3 * weightBytes);
    expect(report.receivedBytes).toBeGreaterThan(3 * weightBytes);
    const kinds = events.map(({ type }) => type);
    for (const type of ['joined', 'round', 'epoch', 'sent', 'aggregated', 'evaluated']) expect(kinds).toContain(type);
    expect(events.filter(({ type }) => type === 'aggregated')).toHaveLength(3);
  });

  test('leaves no tensor behind', async () => {
    const before = await trainer.memory();
    await runAll(quarters(32, 8), { trainer, rounds: 1, optimizer: SGD });
    expect((await trainer.memory()).tensors).toBe(before.tensors);
  });
});

/** As `runFederate` derives it. */
const firstSeed = (seed: number) => derivedSeed(seed, 'first weights');

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
      strategy: fedMd({ digestEpochs: 8 }),
      publicData: noise,
      ...options,
    });
    const after = await Promise.all(results.map(({ student }) => right(student)));
    expect(meanOf(after)).toBeLessThan(0.8);
  });

  test('personalHead shares all layers but the last', async () => {
    const results = await runAll(shares, { trainer, strategy: personalHead(), ...options, rounds: 2 });
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
        { trainer, strategy, ...options, optimizer: { name: 'adam', learningRate: 0.05 } },
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
    const { artifacts } = await trainHere(tools, { from: first, data: labelledPoints(300, 23), loss }, place);
    const afterStep = async (keep: { weight: number; temperature: number } | undefined) => {
      const member = weightsMember({ ...tools, artifacts, data: shares[0] as LabelledDataset, keep });
      await member.step(member.first() as NamedArrays, place);
      return right(studentFromArtifacts('after', member.artifacts()));
    };
    expect(await afterStep({ weight: 4, temperature: 2 })).toBeGreaterThan((await afterStep(undefined)) + 0.02);
  });
});

describe('a client is refused before anything travels', () => {
  const data = labelledPoints(16, 1);
  const code = async (options: object) => {
    const federation = loopback();
    const transport = federation.open();
    const run = federate({ student: makeMlp(), data, transport, trainer, ...QUICK, ...options } as never);
    const error = (await run.done.catch((thrown: unknown) => thrown)) as { code?: string };
    expect(await transport.list('')).toEqual([]);
    return error.code;
  };

  test.each<[string, object, string]>([
    ['without labels', { data: withoutLabels(data) }, 'labels-missing'],
    ['without public examples that its strategy reads', { strategy: fedMd() }, 'invalid-option'],
    ['with a name that is no key', { client: 'a b' }, 'invalid-option'],
    ['with a strategy that was not called', { strategy: fedAvg }, 'invalid-option'],
    ['that would vanish between two beats', { beatMs: 1000, vanishMs: 2000 }, 'invalid-option'],
    ['of which nobody would take part', { participation: 0 }, 'invalid-option'],
    ['with an unknown option', { round: 3 }, 'invalid-option'],
    ['without a transport', { transport: {} }, 'invalid-option'],
    [
      'with labels outside of its classes',
      { data: fromArrays(points(8, 1), [0, 1, 2, 3, 4, 5, 6, 7]) },
      'class-mismatch',
    ],
    [
      'with a student of other inputs',
      { data: fromArrays({ data: new Float32Array(10), shape: [2, 5] }, [0, 1]) },
      'shape-mismatch',
    ],
  ])('%s', async (_what, options, expected) => expect(await code(options)).toBe(expected));

  test('with another strategy than the federation has', async () => {
    const federation = loopback();
    const common = { data, trainer, ...QUICK, minimumClients: 3 };
    const first = federate({ ...common, student: makeMlp(), client: 'a', transport: federation.open() });
    first.done.catch(() => undefined);
    for await (const { type } of first) if (type === 'joined') break;
    const other = federate({
      ...common,
      student: makeMlp(),
      client: 'b',
      transport: federation.open(),
      strategy: fedProx(),
    });
    await expect(other.done).rejects.toMatchObject({ code: 'federation-mismatch' });
    const larger = federate({ ...common, student: makeMlp(9), client: 'c', transport: federation.open() });
    await expect(larger.done).rejects.toMatchObject({
      code: 'federation-mismatch',
      message: expect.stringContaining('"shared"'),
    });
    first.cancel();
    await expect(first.done).rejects.toMatchObject({ name: 'AbortError' });
    expect(await federation.open().list('clients/')).toEqual([]);
  });
});
