// The real onnxruntime-web, in Node, on models of a few nodes.
import { afterAll, describe, expect, test } from 'vitest';
import { floats, modelOf, node, tinyClassifier, value } from '../../onnx/cases/tinyCases.ts';
import { type OnnxModel, onnx } from '../../onnx/model.ts';
import { loadTeacher } from '../onnx.ts';
import type { LoadTeacherOptions } from '../onnxOptions.ts';
import { sumOverTime } from '../read.ts';
import { batch, tinyTeachers } from './loadCases.ts';

const { load, disposeAll } = tinyTeachers();
afterAll(disposeAll);

/** x of one type, doubled as floats, given back as that type. */
function doubling(elemType: number, shape: (number | string)[] = ['B', 2]): OnnxModel {
  const to = (type: number) => [onnx.attribute({ name: 'to', type: 2, i: BigInt(type) })];
  return modelOf({
    input: [value('x', shape, elemType)],
    output: [value('y', shape, elemType)],
    node: [
      node('Cast', ['x'], ['f'], { attribute: to(1) }),
      node('Add', ['f', 'f'], ['d']),
      node('Cast', ['d'], ['y'], { attribute: to(elemType) }),
    ],
  });
}

/** x [n, 4] → dense → y [n, 3], for one batch size only, or any. */
function dense(size: number | string): OnnxModel {
  return modelOf({
    input: [value('x', [size, 4])],
    output: [value('y', [size, 3])],
    initializer: [
      floats(
        'w',
        [4, 3],
        Array.from({ length: 12 }, (_, i) => i - 5),
      ),
    ],
    node: [node('MatMul', ['x', 'w'], ['y'])],
  });
}

test('it says what the model is, and answers', async () => {
  const teacher = await load(tinyClassifier());
  expect(teacher.description).toMatchObject({
    name: 'model.onnx',
    device: 'wasm',
    threads: 1,
    batchSize: 4,
    inputs: { x: [null, 4] },
    outputs: { y: [null, 3] },
  });
  const { logits } = await teacher.ask(batch(2, 4));
  expect(logits?.shape).toEqual([2, 3]);
  expect(Array.from(logits?.data ?? [], Math.exp).reduce((a, b) => a + b)).toBeCloseTo(2, 5);
  expect(await teacher.timeMs(batch(1, 4), 3)).toHaveLength(3);
});

test.each([1, 4, 8])('a model that takes only %d at a time answers any number', async (size) => {
  const [free, fixed] = [await load(dense('B')), await load(dense(size), { batchSize: 'auto' })];
  expect(fixed.description.batchSize).toBe(size);
  for (const count of [1, 5]) expect(await fixed.ask(batch(count, 4))).toEqual(await free.ask(batch(count, 4)));
});

test('the batch size is found on the batches that it is asked', async () => {
  const teacher = await load(dense('B'), { batchSize: 'auto' });
  for (const count of [2, 8, 8]) await teacher.ask(batch(count, 4));
  expect(teacher.description.batchSize).toBe(8);
  expect(teacher.description.why).toMatch(/On wasm, 1 thread: \d+(\.\d+)? ms an example at 8 at a time/);
});

describe('types', () => {
  const whole = { x: { data: Int32Array.of(1, 2, 3, 4), shape: [2, 2] } };

  test.each([
    ['uint8', 2, Uint8Array.of(2, 4, 6, 8)],
    ['int8', 3, Int32Array.of(2, 4, 6, 8)],
    ['int32', 6, Int32Array.of(2, 4, 6, 8)],
    ['int64', 7, Int32Array.of(2, 4, 6, 8)],
    ['bool', 9, Uint8Array.of(1, 1, 1, 1)],
    ['float16', 10, Float32Array.of(2, 4, 6, 8)],
    ['float64', 11, Float32Array.of(2, 4, 6, 8)],
  ])('%s goes in and comes out as numbers', async (_, elemType, expected) => {
    const teacher = await load(doubling(elemType));
    expect(await teacher.ask(whole)).toEqual({ logits: { data: expected, shape: [2, 2] } });
  });

  test('a scalar is taken from one for each example', async () => {
    const model = modelOf({
      input: [value('x', ['B', 1]), value('rate', [], 7)],
      output: [value('y', ['B', 1])],
      node: [
        node('Cast', ['rate'], ['r'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 1n })] }),
        node('Mul', ['x', 'r'], ['y']),
      ],
    });
    const teacher = await load(model);
    const rate = { data: Int32Array.of(3, 3), shape: [2] };
    const x = { data: Float32Array.of(1, 2), shape: [2, 1] };
    expect((await teacher.ask({ x, rate }))['logits']?.data).toEqual(Float32Array.of(3, 6));
  });

  test('text that goes in is refused; text that comes out is left out, and said', async () => {
    const texts = { input: [value('x', ['B', 2], 8)], output: [value('y', ['B', 2], 8), value('size', [2], 7)] };
    const nodes = [node('Identity', ['x'], ['y']), node('Shape', ['x'], ['size'])];
    const teacher = await load(modelOf({ ...texts, node: nodes }));
    expect(teacher.description.notices.join()).toMatch(/"y" \(string\) is left out/);
    await expect(teacher.ask(whole)).rejects.toMatchObject({ code: 'shape-mismatch' });
  });
});

describe('outputs', () => {
  test('only those that are wanted are computed and given', async () => {
    const teacher = await load(tinyClassifier(), {
      taps: ['h', { tensor: 'm', name: 'scores' }],
      outputs: ['scores', 'y'],
    });
    expect(Object.keys(teacher.description.outputs)).toEqual(['scores', 'y']);
    expect(Object.keys(await teacher.ask(batch(1, 4)))).toEqual(['scores', 'y']);
  });

  test('the model ends where it is cut', async () => {
    const teacher = await load(tinyClassifier(), { taps: ['h'], untilTaps: true });
    expect(await teacher.ask(batch(2, 4))).toMatchObject({ h: { shape: [2, 5] } });
  });

  test('one that is not there is refused when the model is opened', async () => {
    await expect(load(tinyClassifier(), { outputs: ['z'] })).rejects.toMatchObject({
      code: 'unknown-output',
      message: expect.stringMatching(/"z".*it gives y/),
    });
  });

  test('a model that gives none that are numbers is refused', async () => {
    const texts = { input: [value('x', ['B'], 8)], output: [value('y', ['B'], 8)] };
    const model = modelOf({ ...texts, node: [node('Identity', ['x'], ['y'])] });
    await expect(load(model)).rejects.toMatchObject({ code: 'unknown-output' });
  });

  test('a reading by name gives what the same function gives on the page', async () => {
    const shape = ['B', 2, 3];
    const model = modelOf({
      input: [value('x', shape)],
      output: [value('y', shape)],
      node: [node('Sigmoid', ['x'], ['y'])],
    });
    const read = sumOverTime({ classes: [2, 0] });
    const x = { data: Float32Array.from({ length: 12 }, (_, i) => i / 4 - 1), shape: [2, 2, 3] };
    const there = await (await load(model, { read })).ask({ x });
    expect(there['logits']?.shape).toEqual([2, 2]);
    expect(there).toEqual(await (await load(model, { read: (outputs) => read(outputs) })).ask({ x }));
  });
});

test('a model with a state is walked, and its states are fetched though they are not wanted', async () => {
  const model = modelOf({
    input: [value('x', ['B', 1]), value('h', ['B', 1])],
    output: [value('y', ['B', 1]), value('hn', ['B', 1])],
    node: [node('Add', ['x', 'h'], ['hn']), node('Neg', ['hn'], ['y'])],
  });
  const teacher = await load(model, { recurrent: { sequence: 'x', frame: 1, state: { h: 'hn' } }, outputs: ['y'] });
  const { y } = await teacher.ask({ x: { data: Float32Array.of(1, 2, 3, 10, 20, 30), shape: [2, 3] } });
  expect(y?.data).toEqual(Float32Array.of(-1, -3, -6, -10, -30, -60));
});

test('a free length may be fixed; its batches are then cut to it', async () => {
  const teacher = await load(dense('B'), { session: { freeDimensionOverrides: { B: 2 } }, batchSize: 'auto' });
  expect(teacher.description).toMatchObject({ batchSize: 2, inputs: { x: [2, 4] } });
  expect(await teacher.ask(batch(3, 4))).toEqual(await (await load(dense('B'))).ask(batch(3, 4)));
});

test.each<[string, LoadTeacherOptions, RegExp]>([
  ['an unknown option', { devise: 'wasm' } as LoadTeacherOptions, /no option "devise"/],
  ['an unknown device', { device: 'tpu' as 'wasm' }, /"device" was tpu/],
  ['an unknown setting of the session', { session: { executionProviders: [] } as object }, /session has no option/],
  ['a length of nothing', { session: { freeDimensionOverrides: { B: 0 } } }, /"B" was 0/],
  ['no outputs', { outputs: [] }, /"outputs"/],
  ['a batch of nothing', { batchSize: 0 }, /"batchSize" was 0/],
  ['an input that describes nothing', { input: { x: { size: [0, 2] } } }, /size/],
  ['a cut without taps', { untilTaps: true }, /taps/],
])('%s is found before anything is fetched', async (_, options, words) => {
  const loading = loadTeacher('http://nowhere.invalid/model.onnx', options).done;
  await expect(loading).rejects.toMatchObject({ code: 'invalid-option', message: expect.stringMatching(words) });
});
