import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent, describeStudent, orderInputs } from './build.ts';
import { artifactsOf } from './layersModel.ts';
import { parameterCount } from './student.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

const withCode = (code: string) => expect.objectContaining({ code });

const array = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b)), shape });

/** Two inputs, a shared trunk with a frozen layer, two named outputs. */
function twoHeaded(): tf.LayersModel {
  const image = tf.input({ shape: [4], name: 'image' });
  const extra = tf.input({ shape: [2], name: 'extra' });
  const joined = tf.layers.concatenate().apply([image, extra]) as tf.SymbolicTensor;
  const trunk = tf.layers.dense({ units: 5, trainable: false }).apply(joined) as tf.SymbolicTensor;
  const digit = tf.layers.dense({ units: 3, name: 'digit' }).apply(trunk) as tf.SymbolicTensor;
  const parity = tf.layers.dense({ units: 2, name: 'parity' }).apply(trunk) as tf.SymbolicTensor;
  return tf.model({ inputs: [image, extra], outputs: [digit, parity], name: 'two-headed' });
}

function single(): tf.LayersModel {
  const input = tf.input({ shape: [null, 4], name: 'sequence' });
  const output = tf.layers.dense({ units: 3, name: 'whatever' }).apply(input) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

describe('describeStudent', () => {
  test('names several outputs after their layers, and counts what learns', () => {
    const model = twoHeaded();
    expect(describeStudent(model)).toEqual({
      inputs: { image: [4], extra: [2] },
      outputs: { digit: [3], parity: [2] },
      parameters: 6 * 5 + 5 + (5 * 3 + 3) + (5 * 2 + 2),
      trainableParameters: 5 * 3 + 3 + (5 * 2 + 2),
    });
    model.dispose();
  });

  test('calls an only output "logits", and leaves free lengths open', () => {
    const model = single();
    expect(describeStudent(model)).toMatchObject({ inputs: { sequence: [null, 4] }, outputs: { logits: [null, 3] } });
    model.dispose();
  });
});

describe('applyStudent', () => {
  test('gives each output under its name', () => {
    const model = twoHeaded();
    tf.tidy(() => {
      const outputs = applyStudent(model, [tf.ones([6, 4]), tf.ones([6, 2])], 'inference');
      expect(Object.entries(outputs).map(([name, { shape }]) => [name, shape])).toEqual([
        ['digit', [6, 3]],
        ['parity', [6, 2]],
      ]);
    });
    model.dispose();
  });
});

describe('orderInputs', () => {
  test('orders by name', () => {
    const model = twoHeaded();
    const [image, extra] = [array(6, 4), array(6, 2)];
    expect(orderInputs(model, { extra, image })).toEqual([image, extra]);
    model.dispose();
  });

  test('gives a single array to a single input, whatever their names', () => {
    const model = single();
    const only = array(6, 7, 4);
    expect(orderInputs(model, { images: only })).toEqual([only]);
    model.dispose();
  });

  test('refuses by code', () => {
    const [two, one] = [twoHeaded(), single()];
    expect(() => orderInputs(two, { image: array(6, 4) })).toThrow(withCode('unknown-input'));
    expect(() => orderInputs(one, { a: array(6, 7, 4), b: array(6, 7, 4) })).toThrow(withCode('unknown-input'));
    expect(() => orderInputs(one, {})).toThrow(withCode('unknown-input'));
    expect(() => orderInputs(two, { image: array(6, 5), extra: array(6, 2) })).toThrow(withCode('shape-mismatch'));
    expect(() => orderInputs(one, { sequence: array(6, 4) })).toThrow(withCode('shape-mismatch'));
    two.dispose();
    one.dispose();
  });
});

describe('buildStudent', () => {
  test('builds a saved student again, with its names, frozen layers and weights', async () => {
    const model = twoHeaded();
    const artifacts = await artifactsOf(model);
    const again = await buildStudent({ kind: 'artifacts', artifacts }, 0);
    expect(describeStudent(again)).toEqual(describeStudent(model));
    expect((await artifactsOf(again)).weightSpecs).toEqual(artifacts.weightSpecs);
    expect(new Uint8Array((await artifactsOf(again)).weightData)).toEqual(new Uint8Array(artifacts.weightData));
    expect(parameterCount(artifacts)).toBe(describeStudent(model).parameters);
    model.dispose();
    again.dispose();
  });

  test('refuses a design that the zoo does not have', async () => {
    const portable = { kind: 'design', design: 'resnet8000', options: {} } as const;
    await expect(buildStudent(portable, 0)).rejects.toThrow(withCode('student-invalid'));
    await expect(buildStudent(portable, 0)).rejects.toThrow('"resnet8000"');
  });

  test('names inputs and outputs the same however often a model is built', async () => {
    const model = twoHeaded();
    const artifacts = await artifactsOf(model);
    const described = describeStudent(model);
    for (let i = 0; i < 3; i++) {
      const again = await buildStudent({ kind: 'artifacts', artifacts }, 0);
      expect(describeStudent(again)).toEqual(described);
      const [image, extra] = [array(6, 4), array(6, 2)];
      expect(orderInputs(again, { extra, image })).toEqual([image, extra]);
      again.dispose();
    }
    model.dispose();
  });

  test('refuses artifacts of something else', async () => {
    const model = single();
    const good = await artifactsOf(model);
    model.dispose();
    const bad = [
      { ...good, modelTopology: {} },
      { ...good, modelTopology: { class_name: 'Model', config: { layers: [{ class_name: 'Invention' }] } } },
      { ...good, weightSpecs: good.weightSpecs.slice(1) },
      { ...good, weightData: new ArrayBuffer(4) },
    ];
    // tfjs leaves behind what it has built before it fails.
    const { registeredVariables } = tf.engine();
    const before = new Set(Object.keys(registeredVariables));
    tf.engine().startScope();
    for (const artifacts of bad) {
      await expect(buildStudent({ kind: 'artifacts', artifacts }, 0)).rejects.toThrow(withCode('student-invalid'));
    }
    tf.engine().endScope();
    for (const [name, variable] of Object.entries(registeredVariables)) if (!before.has(name)) variable.dispose();
  });
});
