// Models as they come: what they declare badly, or not at all.
import { afterAll, describe, expect, test } from 'vitest';
import { modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { onnx } from '../../onnx/model.ts';
import { batch, tinyTeachers } from './loadCases.ts';

const { load, disposeAll } = tinyTeachers();
afterAll(disposeAll);

describe('inputs', () => {
  const x = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };

  test('one of which the model does not say the dimensions takes any', async () => {
    const open = onnx.value({ name: 'x', type: { tensorType: { elemType: 1 } } });
    const teacher = await load(modelOf({ input: [open], node: [node('Neg', ['x'], ['y'])] }));
    expect((await teacher.ask({ x }))['logits']).toEqual({ data: Float32Array.of(-1, -2, -3, -4), shape: [2, 2] });
  });

  test('a table that comes first is no batch, and the batch size is found beside it', async () => {
    const input = [value('table', [2]), value('x', ['B', 2])];
    const model = modelOf({ input, node: [node('Mul', ['x', 'table'], ['y'])] });
    const teacher = await load(model, { batchSize: 'auto' });
    const table = { data: Float32Array.of(10, 100), shape: [2] };
    const one = { data: x.data.slice(0, 2), shape: [1, 2] };
    expect((await teacher.ask({ table, x: one }))['logits']?.data).toEqual(Float32Array.of(10, 200));
    expect(teacher.description.batchSize).toBe(8);
    expect((await teacher.ask({ table, x }))['logits']?.data).toEqual(Float32Array.of(10, 200, 30, 400));
    expect(teacher.usage?.()).toMatchObject({ calls: 2, computed: 3 });
  });

  test('names that every object seems to have are names like others', async () => {
    const nodes = [node('Neg', ['valueOf'], ['toString']), node('Neg', ['toString'], ['constructor'])];
    const output = [value('constructor', ['B', 2]), value('toString', ['B', 2])];
    const teacher = await load(modelOf({ input: [value('valueOf', ['B', 2])], output, node: nodes }));
    expect(Object.entries(await teacher.ask({ x }))).toEqual([
      ['constructor', x],
      ['toString', { data: Float32Array.of(-1, -2, -3, -4), shape: [2, 2] }],
    ]);
  });
});

test('an output that has not one row an example is named, and how to go on', async () => {
  const input = [value('x', ['B', 2])];
  const output = [value('y', ['B', 2]), value('size', [2], 7)];
  const teacher = await load(
    modelOf({ input, output, node: [node('Neg', ['x'], ['y']), node('Shape', ['x'], ['size'])] }),
  );
  await expect(teacher.ask(batch(3, 2))).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringMatching(/"size" was \[2\] for a batch of 3.*"outputs"/),
  });
});

test('an operator that onnxruntime does not know is told as such', async () => {
  const opsetImport = ['', 'my.ops'].map((domain) => ({ domain, version: 17n }));
  const model = modelOf({ node: [node('Magic', ['x'], ['y'], { domain: 'my.ops' })] }, { opsetImport });
  await expect(load(model)).rejects.toMatchObject({
    code: 'invalid-onnx',
    message: expect.stringMatching(/my\.ops:Magic.*no such operator/s),
  });
});

test('a model whose batch is free by its inputs only says so when it fails, and can be held to its size', async () => {
  const shape = onnx.tensor({ name: 's', dims: [2n], dataType: 7, int64Data: [1n, 2n] });
  const model = modelOf({ initializer: [shape], node: [node('Reshape', ['x', 's'], ['y'])] });
  const loose = await load(model);
  await expect(loose.ask(batch(3, 2))).rejects.toMatchObject({
    code: 'teacher-failed',
    message: expect.stringContaining('freeDimensionOverrides'),
  });
  const held = await load(model, { session: { freeDimensionOverrides: { B: 1 } } });
  expect((await held.ask(batch(3, 2)))['logits']).toEqual(batch(3, 2).x);
});
