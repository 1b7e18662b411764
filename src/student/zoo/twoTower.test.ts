import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { applyStudent, buildStudent, describeStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { checkTowers } from '../cases/towerCases.ts';
import { towerOf } from '../kinds/towerOf.ts';
import { artifactsOf } from '../layersModel.ts';
import { studentFromArtifacts } from '../student.ts';
import { type TwoTowerOptions, twoTower } from './twoTower.ts';

describe.each(['cpu', 'wasm'] as const)('twoTower on %s', (backend) => {
  onBackend(backend);
  checkTowers('twoTower', twoTower);
});

describe('twoTower', () => {
  beforeAll(() => tf.setBackend('cpu').then(() => undefined));
  const small = { queryLength: 4, candidateLength: 6, vocabulary: 9, width: 3 } as const;
  const built = async (options: TwoTowerOptions, seed = 7) => buildStudent(await twoTower(options).portable(), seed);
  const ids = (shape: number[], ...values: number[]) => tf.tensor(Int32Array.from(values), shape, 'int32');

  test('has the inputs, outputs and parameters that it documents', async () => {
    const model = await built({});
    expect(describeStudent(model)).toEqual({
      inputs: { query: [32], candidates: [null, 64] },
      outputs: { scores: [null], queryVector: [32], candidateVectors: [null, 32] },
      parameters: 131_072,
      trainableParameters: 131_072,
    });
    model.dispose();
    const separate = await built({ ...small, towers: 'separate', candidates: 5, hidden: [4] });
    expect(describeStudent(separate)).toMatchObject({
      inputs: { query: [4], candidates: [5, 6] },
      outputs: { scores: [5] },
      parameters: 2 * (9 * 3 + (3 * 4 + 4) + (4 * 3 + 3)),
    });
    separate.dispose();
  });

  test('has the same weights for the same seed, and others for another; separate towers start apart', async () => {
    const weightsOf = async (seed: number) => {
      const model = await built({ ...small, towers: 'separate' }, seed);
      const weights = model.getWeights().map((weight) => [...weight.dataSync()].join());
      model.dispose();
      return weights;
    };
    const [first, again, other] = [await weightsOf(7), await weightsOf(7), await weightsOf(8)];
    expect(again).toEqual(first);
    expect(new Set([...first, ...other]).size).toBe(4);
  });

  test('does not ask in which order tokens come, nor how many are 0, and takes lists of any length', async () => {
    const model = await built(small);
    tf.tidy(() => {
      const scoresOf = (query: number[], candidates: number[][]) =>
        applyStudent(model, [ids([1, 4], ...query), ids([1, candidates.length, 6], ...candidates.flat())], 'inference')[
          'scores'
        ]?.dataSync() as Float32Array;
      const [x, y] = [
        [1, 2, 3, 4, 0, 0],
        [5, 5, 6, 0, 0, 0],
      ] as [number[], number[]];
      const both = scoresOf([1, 2, 0, 0], [x, y]);
      expect(scoresOf([2, 0, 1, 0], [[4, 3, 0, 0, 2, 1]])[0]).toBeCloseTo(both[0] as number, 6);
      expect(scoresOf([1, 2, 0, 0], [x, x, y, y, x])[3]).toBeCloseTo(both[1] as number, 6);
      expect([...scoresOf([0, 0, 0, 0], [x, y])]).toEqual([0, 0]);
    });
    model.dispose();
  });

  test.each<TwoTowerOptions>([small, { ...small, towers: 'separate', hidden: [5], similarity: 'cosine' }])(
    'is two towers, which towerOf cuts out: %o',
    async (options) => {
      const model = await built(options);
      const student = studentFromArtifacts('two-tower', await artifactsOf(model));
      const cut = await Promise.all(['queryVector', 'candidateVectors'].map((output) => towerOf(student, output)));
      const [first, second] = await Promise.all(cut.map(async (one) => buildStudent(await one.portable(), 0)));
      expect(describeStudent(first as tf.LayersModel)).toMatchObject({
        inputs: { query: [4] },
        outputs: { logits: [3] },
      });
      expect(Object.keys(describeStudent(second as tf.LayersModel).inputs)).toEqual(['candidates']);
      tf.tidy(() => {
        const given = [ids([1, 4], 1, 2, 8, 0), ids([1, 2, 6], 1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 0)] as const;
        const whole = applyStudent(model, given, 'inference');
        const query = applyStudent(first as tf.LayersModel, [given[0]], 'inference')['logits'] as tf.Tensor;
        const list = applyStudent(second as tf.LayersModel, [given[1]], 'inference')['logits'] as tf.Tensor;
        expect([...query.dataSync()]).toEqual([...(whole['queryVector'] as tf.Tensor).dataSync()]);
        expect([...list.dataSync()]).toEqual([...(whole['candidateVectors'] as tf.Tensor).dataSync()]);
      });
      for (const one of [model, first, second]) one?.dispose();
      await expect(towerOf(student, 'vector')).rejects.toMatchObject({ code: 'student-invalid' });
    },
  );

  test.each<[string, object, string]>([
    ['no token', { vocabulary: 1 }, 'invalid-option'],
    ['lists of one', { candidates: 1 }, 'invalid-option'],
    ['a width of 0', { width: 0 }, 'invalid-option'],
    ['hidden layers of nothing', { hidden: [0] }, 'invalid-option'],
    ['one tower', { towers: 'one' }, 'invalid-option'],
    ['an option that it does not have', { classes: 10 }, 'invalid-option'],
    ['shared towers of two lengths', { reads: 'features', queryLength: 3, candidateLength: 4 }, 'shape-mismatch'],
  ])('refuses %s', (_, options, code) => {
    expect(() => twoTower(options as TwoTowerOptions)).toThrow(expect.objectContaining({ code }));
  });
});
