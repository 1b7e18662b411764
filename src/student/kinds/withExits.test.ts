import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import type { Student } from '../student.ts';
import { cnn } from '../zoo/cnn.ts';
import { mlp } from '../zoo/mlp.ts';
import { resnet8 } from '../zoo/resnet8.ts';
import { branched } from './branched.ts';
import { withExits } from './withExits.ts';
import { branchOf, withoutExits } from './withoutExits.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

const invalid = expect.objectContaining({ code: 'student-invalid' });
const images = () => cnn({ inputShape: [12, 12, 1], classes: 3 });

async function answersOf(student: Student, inputs: number[], seed = 1): Promise<Record<string, number[]>> {
  const model = await buildStudent(await student.portable(), seed);
  const answers = tf.tidy(() => {
    const x = tf
      .linspace(
        -1,
        1,
        inputs.reduce((a, b) => a * b),
      )
      .reshape(inputs);
    const given = [model.apply(x)].flat() as tf.Tensor[];
    const names = Object.keys(describeStudent(model).outputs);
    return Object.fromEntries(given.map((y, i) => [names[i] as string, Array.from(y.dataSync())]));
  });
  model.dispose();
  return answers;
}

/** As training does, without any step. */
async function settle(student: Student, seed = 1): Promise<void> {
  const model = await buildStudent(await student.portable(), seed);
  await student.adopt(await artifactsOf(model));
  model.dispose();
}

describe('withExits', () => {
  test('answers at each exit, and at the end as before', async () => {
    const model = await buildStudent(await withExits(images(), { at: [2, 4], features: 6 }).portable(), 1);
    expect(describeStudent(model).outputs).toEqual({ logits: [3], 'exit.0': [3], 'exit.1': [3] });
    expect(model.getLayer('features.exit.1').outputShape).toEqual([null, 6]);
    model.dispose();
    const { logits, ...exits } = await answersOf(withExits(images(), { at: [2, 4] }), [2, 12, 12, 1]);
    expect(logits).toEqual((await answersOf(images(), [2, 12, 12, 1]))['logits']);
    expect(exits['exit.0']).not.toEqual(exits['exit.1']);
  });

  test('survives being saved, and can be left out again', async () => {
    const student = withExits(images(), { at: [2, 4] });
    const before = await answersOf(student, [2, 12, 12, 1]);
    await settle(student);
    expect(await answersOf(student, [2, 12, 12, 1], 99)).toEqual(before);
    const plain = await withoutExits(student);
    expect(await answersOf(plain, [2, 12, 12, 1])).toEqual({ logits: before['logits'] });
    const [large, small] = [student, plain].map(({ artifacts }) => artifacts?.weightData.byteLength as number);
    expect(small).toBe((large as number) - 4 * (16 * 3 + 3 + 32 * 3 + 3));
  });

  test('keeps the weights of a trained student, whose only output may have any name', async () => {
    const input = tf.input({ shape: [4] });
    const hidden = tf.layers.dense({ units: 5, name: 'hidden' }).apply(input) as tf.SymbolicTensor;
    const end = tf.layers.dense({ units: 3, name: 'digits' }).apply(hidden) as tf.SymbolicTensor;
    const own = tf.model({ inputs: input, outputs: end });
    const expected = tf.tidy(() =>
      Array.from((own.predict(tf.linspace(-1, 1, 8).reshape([2, 4])) as tf.Tensor).dataSync()),
    );
    expect((await answersOf(withExits(own, { at: ['hidden'] }), [2, 4]))['logits']).toEqual(expected);
    own.dispose();
  });

  test('says which layers there are', async () => {
    const wrong = withExits(images(), { at: ['conv9'] });
    await expect(buildStudent(await wrong.portable(), 1)).rejects.toThrow(/"conv9" is not there.*1 "conv_1"/);
    await expect(buildStudent(await wrong.portable(), 1)).rejects.toThrow(invalid);
    await expect(withoutExits(wrong)).rejects.toThrow(invalid);
    expect(() => withExits(images(), { at: [] })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('branched', () => {
  test('weighs its branches by a gate', async () => {
    const student = branched(images(), { at: 4, branches: 3 });
    const answers = await answersOf(student, [2, 12, 12, 1]);
    expect(Object.keys(answers)).toEqual(['logits', 'logits.0', 'logits.1', 'logits.2']);
    expect(answers['logits.0']).not.toEqual(answers['logits.1']);
    const model = await buildStudent(await student.portable(), 1);
    tf.tidy(() => {
      const x = tf.linspace(-1, 1, 288).reshape([2, 12, 12, 1]);
      const gated = tf.model({ inputs: model.inputs, outputs: model.getLayer('gate').output });
      const gate = (gated.predict(x) as tf.Tensor).arraySync() as number[][];
      const expected = [0, 1, 2, 3, 4, 5].map((i) =>
        [0, 1, 2].reduce((sum, m) => sum + (gate[Math.floor(i / 3)]?.[m] ?? 0) * (answers[`logits.${m}`]?.[i] ?? 0), 0),
      );
      expected.forEach((value, i) => {
        expect(answers['logits']?.[i]).toBeCloseTo(value, 5);
      });
    });
    model.dispose();
  });

  test('gives one branch away, as large as the student was', async () => {
    const student = branched(images(), { at: 4, branches: 2 });
    await settle(student);
    const answers = await answersOf(student, [2, 12, 12, 1]);
    const one = await branchOf(student, 1);
    expect(await answersOf(one, [2, 12, 12, 1])).toEqual({ logits: answers['logits.1'] });
    const plain = images();
    await settle(plain);
    expect(one.artifacts?.weightData.byteLength).toBe(plain.artifacts?.weightData.byteLength);
    await expect(branchOf(student, 2)).rejects.toThrow(invalid);
  });

  test('branches where layers join, and refuses where nothing follows', async () => {
    const residual = branched(resnet8({ inputShape: [16, 16, 3], classes: 3 }), { at: 8 });
    expect(Object.keys(await answersOf(residual, [1, 16, 16, 3]))).toHaveLength(4);
    const end = branched(mlp({ inputShape: [4], classes: 3, hidden: [5] }), { at: 'logits' });
    await expect(buildStudent(await end.portable(), 1)).rejects.toThrow(invalid);
    for (const change of [() => branched(undefined as never, { at: 1 }), () => withExits({} as never, { at: [1] })]) {
      expect(change).toThrow(expect.objectContaining({ code: 'student-invalid' }));
    }
    expect(() => branched(images(), { at: 1, branches: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
