import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import { cnn } from '../zoo/cnn.ts';
import { mlp } from '../zoo/mlp.ts';
import { cohort, membersOf } from './cohort.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

const invalid = expect.objectContaining({ code: 'student-invalid' });
const small = (width: number) => mlp({ inputShape: [4], classes: 3, hidden: [width] });

describe('cohort', () => {
  test('is one model whose outputs are those of the members, numbered', async () => {
    const model = await buildStudent(await cohort([small(5), small(7), small(5)]).portable(), 1);
    expect(describeStudent(model)).toEqual({
      inputs: { input: [4] },
      outputs: { 'logits.0': [3], 'logits.1': [3], 'logits.2': [3] },
      parameters: 2 * (4 * 5 + 5 + 5 * 3 + 3) + (4 * 7 + 7 + 7 * 3 + 3),
      trainableParameters: 2 * (4 * 5 + 5 + 5 * 3 + 3) + (4 * 7 + 7 + 7 * 3 + 3),
    });
    model.dispose();
  });

  test('starts alike members from unlike seeds, and the same ones from the same seed', async () => {
    const portable = await cohort([small(5), small(5)]).portable();
    const answers = async (seed: number) => {
      const model = await buildStudent(portable, seed);
      const given = tf.tidy(() =>
        (model.predict(tf.ones([1, 4])) as tf.Tensor[]).map((logits) => Array.from(logits.dataSync())),
      );
      model.dispose();
      return given;
    };
    const [first, second] = await answers(3);
    expect(first).not.toEqual(second);
    expect(await answers(3)).toEqual([first, second]);
    expect(await answers(4)).not.toEqual([first, second]);
  });

  test('hands each member its own weights, which answer as the member did within', async () => {
    const members = [small(5), mlp({ inputShape: [4], classes: 3, hidden: [] })];
    const together = cohort(members);
    const model = await buildStudent(await together.portable(), 1);
    const trained = [];
    for (const member of membersOf(model)) trained.push(await artifactsOf(member));
    await together.adopt(await artifactsOf(model), trained);
    expect(together.artifacts).toBeUndefined();
    const within = tf.tidy(() => (model.predict(tf.ones([2, 4])) as tf.Tensor[]).map((y) => Array.from(y.dataSync())));
    model.dispose();
    for (const [k, member] of members.entries()) {
      const alone = await buildStudent(await member.portable(), 99);
      expect(tf.tidy(() => Array.from((alone.predict(tf.ones([2, 4])) as tf.Tensor).dataSync()))).toEqual(within[k]);
      alone.dispose();
    }
    // Trained members go on from where they are.
    const again = await buildStudent(await together.portable(), 99);
    expect(tf.tidy(() => (again.predict(tf.ones([2, 4])) as tf.Tensor[]).map((y) => Array.from(y.dataSync())))).toEqual(
      within,
    );
    again.dispose();
  });

  test('refuses members that see other inputs, and says how to bring them together', async () => {
    const apart = cohort([cnn({ inputShape: [12, 12, 1], classes: 3 }), small(5)]);
    await expect(buildStudent(await apart.portable(), 1)).rejects.toThrow(
      /"mlp" takes \[\?, 4\], "cnn" takes \[\?, 12, 12, 1\]/,
    );
    await expect(buildStudent(await apart.portable(), 1)).rejects.toThrow(invalid);
    const together = cohort([
      cnn({ inputShape: [12, 12, 1], classes: 3 }),
      mlp({ inputShape: [12, 12, 1], classes: 3, hidden: [4] }),
    ]);
    (await buildStudent(await together.portable(), 1)).dispose();
  });

  test('refuses what is no cohort', () => {
    const one = small(5);
    expect(() => cohort([])).toThrow(invalid);
    expect(() => cohort([one])).toThrow(invalid);
    expect(() => cohort([one, one])).toThrow(invalid);
    expect(() => cohort([one, undefined as never])).toThrow(invalid);
    expect(() => cohort([one, cohort([small(1), small(2)])])).toThrow(invalid);
    expect(() => cohort([one, small(2)], { nmae: 'x' } as never)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
