import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { artifactsOf } from '../layersModel.ts';
import { nearestNeighbours } from './nearestNeighbours.ts';

type Rows = readonly (readonly number[])[];
interface Memory {
  readonly features: Rows;
  readonly labels: readonly number[];
  readonly classes: number;
  readonly k: number;
  readonly temperature: number;
}

/** In plain numbers: sort by distance, take all up to the k-th, count their votes. */
function reference(row: readonly number[], { features, labels, classes, k, temperature }: Memory): number[] {
  const distances = features.map((one) => one.reduce((sum, value, f) => sum + (value - (row[f] as number)) ** 2, 0));
  const sorted = [...distances].sort((a, b) => a - b);
  const [nearest, farthest] = [sorted[0] as number, sorted[Math.min(k, sorted.length) - 1] as number];
  const votes = new Array<number>(classes).fill(0);
  for (const [i, distance] of distances.entries()) {
    if (distance <= farthest) (votes[labels[i] as number] as number) += Math.exp((nearest - distance) / temperature);
  }
  const total = votes.reduce((sum, vote) => sum + vote, 0);
  return votes.map((vote) => Math.log(Math.max(vote / total, 1e-6)));
}

/** What the layer gives for rows [B, F]. */
function answersOf({ features, labels, ...rest }: Memory, rows: Rows): number[][] {
  const layer = nearestNeighbours(tf, { examples: labels.length, ...rest });
  const logits = tf.tidy(() => {
    const x = tf.tensor2d(rows.map((row) => [...row]));
    layer.apply(x);
    const votes = tf.oneHot(tf.tensor1d([...labels], 'int32'), rest.classes);
    layer.setWeights([tf.tensor2d(features.map((one) => [...one])), tf.cast(votes, 'float32')]);
    return (layer.apply(x) as tf.Tensor).arraySync() as number[][];
  });
  layer.dispose();
  return logits;
}

function expectClose(given: Rows, needed: Rows, tolerance: number): void {
  expect(given.length).toBe(needed.length);
  for (const [b, row] of needed.entries()) {
    for (const [c, logit] of row.entries()) {
      expect(Math.abs((given[b]?.[c] as number) - logit), `${b}, ${c}: ${given[b]}`).toBeLessThanOrEqual(tolerance);
    }
  }
}

const random = seededRandom(3);
const randomRows = (count: number, length: number, offset = 0): number[][] =>
  Array.from({ length: count }, () => Array.from({ length }, () => offset + 2 * random() - 1));
/** Whole numbers from 0 to 2, whose distances are exact and often the same. */
const wholeRows = (count: number, length: number): number[][] =>
  Array.from({ length: count }, () => Array.from({ length }, () => Math.floor(3 * random())));
const classesOf = (count: number, classes: number) =>
  Array.from({ length: count }, () => Math.floor(classes * random()));

describe.each(['cpu', 'wasm'] as const)('nearest neighbours on %s', (backendName) => {
  onBackend(backendName);

  test.each([
    [1, 1, 1, 2],
    [5, 3, 3, 4],
    [40, 9, 5, 3],
    [130, 17, 70, 10],
  ])(
    'answer as a plain search among %i examples of %i features, %i of them and %i classes',
    (count, length, k, classes) => {
      const memory = {
        features: randomRows(count, length),
        labels: classesOf(count, classes),
        classes,
        k,
        temperature: 0.7,
      };
      const rows = randomRows(7, length);
      expectClose(
        answersOf(memory, rows),
        rows.map((row) => reference(row, memory)),
        1e-4,
      );
    },
  );

  test('let all vote that are as near as the last', () => {
    const features = [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
      [2, 0],
      [1, 0],
    ];
    const memory = { features, labels: [0, 1, 2, 2, 3, 0], classes: 4, k: 1, temperature: 1 };
    const [logits] = answersOf(memory, [[0, 0]]);
    const shares = [2 / 5, 1 / 5, 2 / 5, 1e-6];
    expectClose([logits as number[]], [shares.map(Math.log)], 1e-5);
    for (const k of [1, 2, 4, 9]) {
      const many = { features: wholeRows(60, 4), labels: classesOf(60, 5), classes: 5, k, temperature: 2 };
      const rows = wholeRows(20, 4);
      expectClose(
        answersOf(many, rows),
        rows.map((row) => reference(row, many)),
        1e-4,
      );
    }
  });

  test('take twins for the same wherever they stand in the memory', () => {
    const twins = randomRows(1, 33);
    const features = Array.from({ length: 67 }, () => twins[0] as number[]);
    const memory = {
      features: [...features, ...randomRows(5, 33, 9)],
      labels: classesOf(72, 3),
      classes: 3,
      k: 1,
      temperature: 1e-3,
    };
    const rows = randomRows(5, 33);
    expectClose(
      answersOf(memory, rows),
      rows.map((row) => reference(row, memory)),
      1e-3,
    );
  });

  test('see small distances far from zero', () => {
    const memory = { features: randomRows(30, 8, 1000), labels: classesOf(30, 3), classes: 3, k: 4, temperature: 1 };
    const rounded = { ...memory, features: memory.features.map((row) => row.map(Math.fround)) };
    const rows = randomRows(6, 8, 1000).map((row) => row.map(Math.fround));
    expectClose(
      answersOf(rounded, rows),
      rows.map((row) => reference(row, rounded)),
      2e-3,
    );
  });

  test('stay finite: far rows, hot and cold votes, fewer examples than neighbours', () => {
    for (const temperature of [1e-300, 1e-30, 1e30, 1e300]) {
      for (const scale of [1e-30, 1, 1e15, 1e17]) {
        const features = [
          [scale, 0],
          [0, scale],
          [scale, scale],
        ];
        const memory = { features, labels: [0, 1, 2], classes: 3, k: 5, temperature };
        const logits = answersOf(memory, [
          [scale, 0],
          [-scale, 0],
          [0, 0],
        ]);
        expect(logits.flat().every((logit) => Number.isFinite(logit) && logit <= 1e-6)).toBe(true);
        if (temperature < 1 && scale >= 1) expect(logits[0]?.[0]).toBeCloseTo(0, 5);
      }
    }
  });

  test('read the last axis of features of more axes', () => {
    const memory = { features: randomRows(9, 3), labels: classesOf(9, 2), classes: 2, k: 2, temperature: 1 };
    const layer = nearestNeighbours(tf, { examples: 9, classes: 2, k: 2, temperature: 1 });
    expect(layer.computeOutputShape([null as never, 4, 3])).toEqual([null, 4, 2]);
    tf.tidy(() => {
      const x = tf.tensor3d([randomRows(4, 3), randomRows(4, 3)]);
      layer.apply(x);
      layer.setWeights([tf.tensor2d(memory.features), tf.cast(tf.oneHot(memory.labels, 2), 'float32')]);
      const logits = (layer.apply(x) as tf.Tensor).arraySync() as number[][][];
      const rows = (x.arraySync() as number[][][]).flat();
      expectClose(
        logits.flat(),
        rows.map((row) => reference(row, memory)),
        1e-4,
      );
    });
    expect(layer.trainableWeights).toEqual([]);
    layer.dispose();
  });

  test('are saved and loaded with what they remember', async () => {
    const input = tf.input({ shape: [3] });
    const layer = nearestNeighbours(tf, { examples: 4, classes: 2, k: 3, temperature: 0.5, name: 'logits' });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    const features = randomRows(4, 3);
    tf.tidy(() => model.setWeights([tf.tensor2d(features), tf.tensor2d([0, 1, 1, 0, 0, 1, 1, 0], [4, 2])]));
    const artifacts = artifactsFromFiles(toFiles(await artifactsOf(model)));
    const again = await buildStudent({ kind: 'artifacts', artifacts }, 99);
    const rows = randomRows(2, 3);
    tf.tidy(() => {
      const logits = (again.predict(tf.tensor2d(rows)) as tf.Tensor).arraySync() as number[][];
      const memory = { features, labels: [1, 0, 1, 0], classes: 2, k: 3, temperature: 0.5 };
      expectClose(
        logits,
        rows.map((row) => reference(row, memory)),
        1e-4,
      );
    });
    expect((await artifactsOf(again)).modelTopology).toEqual(artifacts.modelTopology);
    model.dispose();
    again.dispose();
  });
});

test.each([{ examples: 0 }, { classes: 0 }, { k: 0 }, { k: 1.5 }, { temperature: 0 }, { temperature: Number.NaN }])(
  'a layer of %j is refused',
  (wrong) => {
    const config = { examples: 2, classes: 2, k: 1, temperature: 1, ...wrong };
    expect(() => nearestNeighbours(tf, config)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  },
);
