import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { derivedSeed } from '../core/random.ts';
import { fromArrays } from '../data/arrays.ts';
import { pick, withoutLabels } from '../data/views.ts';
import { distance, points } from '../distill/distillCases.ts';
import { rightOf } from '../distill/schemes/schemesCases.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import type { Trainer } from '../train/trainer.ts';
import {
  ADAM,
  held,
  heldLabels,
  labelledPoints,
  makeMlp,
  openHere,
  QUICK,
  runAll,
  SGD,
  weightsOf,
} from './cases/federateCases.ts';
import { builtStudent, trainHere } from './localTraining.ts';
import { type FederateEvent, federate, loopback } from './public.ts';
import { fedAvg } from './strategies/fedAvg.ts';
import { fedMd } from './strategies/fedMd.ts';
import { fedProx } from './strategies/fedProx.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

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
      const options = { trainer, rounds: 2, batchSize: 16, optimizer: ADAM, seed };
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
    [
      'that waits at its end for clients that masks keep out',
      { secure: { device: {} as never, roster: new Map() }, clientsToEnd: 3 },
      'invalid-option',
    ],
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

describe('who has no data', () => {
  test('aggregates for those who may not, takes no part in learning, and leaves nothing out', async () => {
    const federation = loopback();
    const common = { trainer, rounds: 2, batchSize: 16, optimizer: ADAM, seed: 5, ...QUICK };
    const shares = quarters(64, 4);
    const clients = shares.map((data, i) =>
      federate({
        ...{ ...common, data, client: `c${i}`, student: makeMlp(), transport: federation.open() },
        ...{ minimumClients: 4, mayAggregate: false },
      }),
    );
    const events: FederateEvent[] = [];
    const server = federate({
      ...{ ...common, client: 'server', student: makeMlp(), transport: federation.open() },
      data: 'none',
      ...{ minimumClients: 4, holdout: labelledPoints(50, 9) },
    });
    for await (const event of server) events.push(event);
    const { report, student } = await server.done;
    for (const { by, contributions, missing } of report.rounds) {
      expect(by).toBe('server');
      expect(contributions.map(({ client }) => client)).toEqual(['c0', 'c1', 'c2', 'c3']);
      expect(missing).toEqual([]);
    }
    expect(report.sent).toEqual([]);
    expect(events.filter(({ type }) => type === 'sent' || type === 'late')).toEqual([]);
    expect(report.rounds.at(-1)?.accuracy).toBeGreaterThan(0.3);
    const results = await Promise.all(clients.map(({ done }) => done));
    const alone = await runAll(shares, { ...common, minimumClients: 4 });
    // Who aggregates changes nothing.
    for (const one of [...results, ...alone]) expect(weightsOf(one.student)).toEqual(weightsOf(student));
  });

  test('must be allowed to aggregate, or would do nothing', async () => {
    const options = { data: 'none', student: makeMlp(), transport: loopback().open() } as const;
    await expect(federate({ ...options, mayAggregate: false }).done).rejects.toThrow(/mayAggregate/);
    await expect(federate({ ...options, data: 'some' as never }).done).rejects.toThrow(/dataset/);
  });
});
