import { describe, expect, test } from 'vitest';
import { floats, modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { type OnnxAttribute, type OnnxTensor, onnx, writeModel } from '../../onnx/model.ts';
import { storedData } from '../../onnx/tensorData.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { fromOnnx } from '../fromOnnx.ts';

const int = (name: string, i: number) => ({ name, i: BigInt(i), type: 2 }) as OnnxAttribute;
const list = (name: string, ints: number[]) => ({ name, ints: ints.map(BigInt), type: 7 }) as OnnxAttribute;

async function built(graph: object): Promise<tf.LayersModel> {
  const student = await fromOnnx(writeModel(modelOf(graph)));
  return buildStudent(await student.portable(), 0);
}

function run(model: tf.LayersModel, x: number[][]): number[] {
  return tf.tidy(() => [...(model.predict(tf.tensor2d(x)) as tf.Tensor).dataSync()]);
}

/** y = f(x) · w of these nodes, with x [B, 2] and y [B, 2]. */
function graphOf(nodes: object[], initializer: OnnxTensor[]) {
  return { input: [value('x', ['B', 2])], output: [value('y', ['B', 2])], node: nodes, initializer };
}

describe('weights of an imported model', () => {
  onBackend('cpu');

  test('that are 8-bit numbers with a scale learn as float32', async () => {
    const quantized = storedData('q', 'int8', [2, 2], Int8Array.of(2, -4, 6, 8));
    const zero = storedData('zero', 'int8', [], Int8Array.of(2));
    const graph = graphOf(
      [node('DequantizeLinear', ['q', 'scale', 'zero'], ['w']), node('MatMul', ['x', 'w'], ['y'])],
      [quantized, floats('scale', [], [0.5]), zero],
    );
    const model = await built(graph);
    expect(run(model, [[1, 2]])).toEqual([0 + 4, -3 + 6]);
    expect(describeStudent(model).trainableParameters).toBe(4);
    model.dispose();
  });

  test('that are float16 learn as float32', async () => {
    // 1, −2, 0.5 and the smallest normal number, as bits.
    const half = storedData('h', 'float16', [2, 2], Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x0400));
    const nodes = [
      node('Cast', ['h'], ['w'], { attribute: [int('to', 1)] }),
      node('MatMul', ['x', 'w'], ['y'], { name: 'product' }),
    ];
    const model = await built(graphOf(nodes, [half]));
    expect(run(model, [[1, 2]])).toEqual([1 + 1, Math.fround(-2 + 2 * 2 ** -14)]);
    expect(model.trainableWeights.map(({ shape }) => shape)).toEqual([[2, 2]]);
    model.dispose();
  });

  test('of one element learn if they scale or shift; masks, and numbers without axes, stay fixed', async () => {
    const nodes = [
      node('Mul', ['x', 'gain'], ['a']),
      node('Add', ['a', 'shift'], ['b']),
      node('Mul', ['b', 'half'], ['c']),
      node('Add', ['c', 'mask'], ['y']),
    ];
    const stored = [floats('gain', [1], [3]), floats('shift', [1], [1]), floats('half', [], [0.5])];
    const model = await built(graphOf(nodes, [...stored, floats('mask', [1], [-1e5])]));
    expect(run(model, [[1, 3]])).toEqual([-1e5 + 2, -1e5 + 5]);
    expect(model.trainableWeights).toHaveLength(2);
    model.dispose();
  });

  test('of one element, for all places that a layer normalization has', async () => {
    for (const isBiased of [false, true]) {
      const inputs = ['x', 'gain', ...(isBiased ? ['shift'] : [])];
      const epsilon = { name: 'epsilon', f: 1e-12, type: 1 } as OnnxAttribute;
      const nodes = [node('LayerNormalization', inputs, ['y'], { attribute: [epsilon] })];
      const model = await built(graphOf(nodes, [floats('gain', [1], [3]), floats('shift', [1], [1])]));
      const [low, high] = isBiased ? [-2, 4] : [-3, 3];
      expect(run(model, [[1, 5]])).toEqual([expect.closeTo(low, 5), expect.closeTo(high, 5)]);
      model.dispose();
    }
  });

  test('divide floats toward zero, whatever their signs', async () => {
    const remainder = node('Mod', ['x', 'by'], ['y'], { attribute: [int('fmod', 1)] });
    const model = await built(graphOf([remainder], [floats('by', [2], [3, -3])]));
    expect(run(model, [[-7, 7]])).toEqual([-1, 1]);
    expect(run(model, [[7, -7]])).toEqual([1, -1]);
    model.dispose();
  });

  test('are unchanged if one node reads a tensor twice', async () => {
    const nodes = [node('Relu', ['x'], ['a']), node('Mul', ['a', 'a'], ['b']), node('Sub', ['b', 'a'], ['y'])];
    const model = await built(graphOf(nodes, []));
    expect(run(model, [[2, 3]])).toEqual([2, 6]);
    model.dispose();
  });
});

describe('first states that are stored', () => {
  onBackend('cpu');

  /** h' = tanh(0.5 · x + h) over [T, B, 1], from h of this shape. */
  const graphOfState = (state: OnnxTensor) => ({
    input: [value('x', [1, 'B', 1])],
    output: [value('y', [1, 1, 'B', 1])],
    node: [node('RNN', ['x', 'w', 'r', '', '', 'h'], ['y'], { attribute: [int('hidden_size', 1)] })],
    initializer: [floats('w', [1, 1, 1], [0.5]), floats('r', [1, 1, 1], [1]), state],
  });

  test('count for every example', async () => {
    const model = await built(graphOfState(floats('h', [1, 1, 1], [0.25])));
    const [first, second] = tf.tidy(() => [...(model.predict(tf.tensor3d([1, 2], [2, 1, 1])) as tf.Tensor).dataSync()]);
    expect(first).toBeCloseTo(Math.tanh(0.75), 6);
    expect(second).toBeCloseTo(Math.tanh(1.25), 6);
    model.dispose();
  });

  test('are refused if each example has its own', async () => {
    await expect(built(graphOfState(floats('h', [1, 2, 1], [0.25, 1])))).rejects.toMatchObject({
      code: 'unsupported-operator',
      message: expect.stringMatching(/first state for each example/),
    });
  });
});

test.each([
  ['window', [1, 1, 1, 8], 'its window is longer than the image'],
  ['batch', [0, 1, 4, 8], 'it holds no elements'],
] as const)('a pooling that nothing fits is refused: %s', async (_, shape, why) => {
  const graph = {
    input: [value('x', [...shape])],
    output: [onnx.value({ name: 'y', type: { tensorType: { elemType: 1 } } })],
    node: [node('MaxPool', ['x'], ['y'], { attribute: [list('kernel_shape', [2, 2]), list('strides', [2, 2])] })],
  };
  await expect(fromOnnx(writeModel(modelOf(graph)))).rejects.toMatchObject({
    code: 'unsupported-operator',
    message: expect.stringContaining(why),
  });
});
