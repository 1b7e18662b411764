// A student with two inputs learns an order of candidates.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { fromLists } from '../data/lists.ts';
import type { Loss } from '../losses/loss.ts';
import { listMle } from '../losses/ranking/listMle.ts';
import { listNet } from '../losses/ranking/listNet.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { quantileRegression } from '../losses/response/quantileRegression.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { twoTower } from '../student/zoo/twoTower.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { distill } from './distill.ts';
import { HERE, holdout as heldOutPoints, labelled as points } from './distillCases.ts';

const [TOKENS, LENGTH, CANDIDATES] = [16, 4, 6] as const;

function tokens(count: number, seed: number): NdArray {
  const random = seededRandom(seed);
  const data = Int32Array.from({ length: count * LENGTH }, () => 1 + Math.floor(random() * (TOKENS - 1)));
  return { data, shape: [count, LENGTH] };
}

const documents = tokens(30, 1);

function makeLists(count: number, seed: number) {
  const queries = tokens(count, seed);
  const first = Array.from({ length: count }, (_, i) => [i % 30]);
  // The first document is the relevant one; labels are what a control learns from.
  return fromLists(queries, documents, first, { candidates: CANDIDATES, seed, grades: first.map(() => [1]) });
}

/** How many tokens of the candidate are in the query. */
function shared({ query, candidates }: NamedArrays): { scores: NdArray } {
  const [of, against] = [query as NdArray, candidates as NdArray];
  const lists = of.shape[0] as number;
  const data = Float32Array.from({ length: lists * CANDIDATES }, (_, at) => {
    const list = Math.floor(at / CANDIDATES);
    const asked = new Set(of.data.subarray(list * LENGTH, (list + 1) * LENGTH));
    return Array.from(against.data.subarray(at * LENGTH, (at + 1) * LENGTH)).filter((token) => asked.has(token)).length;
  });
  return { scores: { data, shape: [lists, CANDIDATES] } };
}

const student = () =>
  twoTower({ queryLength: LENGTH, candidateLength: LENGTH, vocabulary: TOKENS, width: 8, candidates: CANDIDATES });

describe('distill on lists', () => {
  let trainer: Trainer;
  beforeAll(async () => {
    trainer = await openTrainer(HERE);
  });
  afterAll(() => trainer[Symbol.asyncDispose]());
  const [data, holdout] = [makeLists(120, 2), makeLists(40, 3)];

  const learned = async (
    loss: Loss,
    ask: (inputs: NamedArrays) => { scores: NdArray } = shared,
    changed: object = {},
  ) => {
    const run = distill({
      teacher: fromFunction(ask, { name: 'shared tokens' }),
      student: student(),
      data,
      holdout,
      loss,
      epochs: 12,
      batchSize: 20,
      optimizer: { learningRate: 0.03 },
      trainer,
      ...changed,
    });
    return (await run.done).report;
  };

  test('a two-tower student learns its teacher’s order, of queries that it never saw', async () => {
    for (const loss of [listNet(), listMle()]) {
      const { holdout: found } = await learned(loss);
      expect(Object.keys(found)).toEqual(['normalizedGain@10', 'rankCorrelation', 'reciprocalRank', 'topRecall@10']);
      expect(found['rankCorrelation'], loss.name).toBeGreaterThan(0.6);
      expect(found['normalizedGain@10'], loss.name).toBeGreaterThan(0.9);
    }
  });

  test('it learns nothing from a teacher that answers noise', async () => {
    const random = seededRandom(9);
    const noise = (inputs: NamedArrays) => {
      const { scores } = shared(inputs);
      return { scores: { data: Float32Array.from(scores.data, () => 3 * random()), shape: scores.shape } };
    };
    const { holdout: found } = await learned(listNet(), noise);
    expect(Math.abs(found['rankCorrelation'] as number)).toBeLessThan(0.25);
  });

  test('a control learns from the labels of the lists', async () => {
    const { control } = await learned(listNet(), shared, { control: true, epochs: 2 });
    expect(control).toMatchObject({ holdout: { 'topRecall@10': 1 } });
  });

  test('labels alone are learned too, as classes of a list', async () => {
    const run = distill({
      student: student(),
      data,
      holdout,
      loss: crossEntropy({ output: 'scores' }),
      outputKind: 'scores',
      epochs: 1,
      trainer,
    });
    const { report } = await run.done;
    expect(Object.keys(report.holdout)).toEqual(['reciprocalRank', 'topRecall@10']);
  });

  test('what lacks an input, and lists without candidates, are refused before the first step', async () => {
    const refused = async (changed: object) => distill({ ...base(trainer), ...changed }).done;
    const free = twoTower({ queryLength: LENGTH, candidateLength: LENGTH, vocabulary: TOKENS });
    const without = (count: number) =>
      fromArrays({
        query: tokens(4, 5),
        candidates: { data: new Int32Array(4 * count * LENGTH), shape: [4, count, LENGTH] },
      });
    const counting = fromFunction(
      ({ candidates }) => {
        const shape = candidates?.shape.slice(0, 2) as [number, number];
        return { scores: { data: new Float32Array(shape[0] * shape[1]), shape } };
      },
      { name: 'as many scores as candidates' },
    );
    const given = { student: free, teacher: counting };
    const { query: _, ...rest } = (await data.read(Int32Array.of(0, 1))).inputs;
    await expect(refused({ ...given, data: fromArrays(rest) })).rejects.toMatchObject({ code: 'unknown-input' });
    await expect(refused({ ...given, data: without(0) })).rejects.toMatchObject({ code: 'empty-list' });
    await expect(refused({ ...given, data: without(1) })).rejects.toMatchObject({ code: 'shape-mismatch' });
    // One candidate beside six scores would be broadcast.
    await expect(refused({ student: free, data: without(1) })).rejects.toMatchObject({ code: 'shape-mismatch' });
  });
});

function base(trainer: Trainer) {
  const data = makeLists(8, 2);
  return {
    teacher: fromFunction(shared, { name: 'shared' }),
    student: student(),
    data,
    loss: listNet(),
    epochs: 1,
    trainer,
  };
}

test('quantiles are measured by how many of the teacher’s values they hold', async () => {
  const values = ({ input }: NamedArrays) => {
    const { data, shape } = input as NdArray;
    const rows = shape[0] as number;
    const random = seededRandom(4);
    const of = (i: number) => (data[Math.floor(i / 5) * 4] as number) + random();
    return { spread: { data: Float32Array.from({ length: 5 * rows }, (_, i) => of(i)), shape: [rows, 5] } };
  };
  const trainer = await openTrainer(HERE);
  try {
    const { report } = await distill({
      teacher: fromFunction(values, { name: 'five values' }),
      student: mlp({ inputShape: [4], hidden: [8], classes: 3 }),
      data: points,
      holdout: heldOutPoints,
      loss: quantileRegression({ quantiles: [0.1, 0.5, 0.9], output: 'logits', teacherOutput: 'spread' }),
      epochs: 150,
      optimizer: { learningRate: 0.02 },
      trainer,
    }).done;
    expect(Object.keys(report.holdout)).toEqual(['intervalCoverage']);
    expect(report.holdout['intervalCoverage']).toBeGreaterThan(0.65);
    expect(report.holdout['intervalCoverage']).toBeLessThan(0.95);
  } finally {
    await trainer[Symbol.asyncDispose]();
  }
});
