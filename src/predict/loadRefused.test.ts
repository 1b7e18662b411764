import { describe, expect, test } from 'vitest';
import { floats, modelOf, node, tinyClassifier, value } from '../onnx/cases/tinyCases.ts';
import { writeModel } from '../onnx/model.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { images, loadedStudents } from './loadCases.ts';
import type { LoadStudentOptions } from './loadStudentOptions.ts';
import type { PredictSource } from './readSource.ts';

const { given, load, expectAnswers } = loadedStudents();

describe('refused are', () => {
  test.each<[string, unknown, LoadStudentOptions, string]>([
    ['nothing', undefined, {}, 'invalid-option'],
    ['null', null, {}, 'invalid-option'],
    ['a number', 5, {}, 'invalid-option'],
    ['a design without weights', mlp({ inputShape: [2], classes: 2 }), {}, 'student-invalid'],
    [
      'a model.json alone',
      new TextEncoder().encode('{"modelTopology":{},"weightsManifest":[]}'),
      {},
      'student-invalid',
    ],
    ['a page', new TextEncoder().encode('<!doctype html>'), {}, 'student-invalid'],
    ['a broken bundle', Uint8Array.of(0x50, 0x4b, 3, 4), {}, 'bundle-invalid'],
    ['an unknown engine', new Uint8Array(1), { engine: 'ort' as never }, 'invalid-option'],
    ['an unknown worker', new Uint8Array(1), { worker: 'share' as never }, 'invalid-option'],
    ['an unknown option', new Uint8Array(1), { device: 'gpu' } as never, 'invalid-option'],
    ['half a thread', new Uint8Array(1), { threads: 0.5 }, 'invalid-option'],
  ])('%s', async (_, source, options, code) => {
    await expect(load(source as PredictSource, options)).rejects.toMatchObject({ code });
  });

  test('an ONNX file without numbers in its outputs, or broken', async () => {
    const text = modelOf({ output: [value('y', ['B', 2], 8)], node: [node('Cast', ['x'], ['y'], { attribute: [] })] });
    await expect(load(writeModel(text))).rejects.toMatchObject({ code: 'invalid-onnx' });
    await expect(load(Uint8Array.of(8, 8, 255))).rejects.toMatchObject({ code: 'invalid-onnx' });
    const unknown = modelOf({ node: [node('Nothing', ['x'], ['y'])], initializer: [floats('w', [1], [0])] });
    await expect(load(writeModel(unknown))).rejects.toMatchObject({ code: 'invalid-onnx' });
  });

  test('an engine for which there is no form', async () => {
    await expect(load(given.tiny.artifacts, { engine: 'onnxruntime' })).rejects.toMatchObject({
      code: 'invalid-option',
    });
    await expect(load(writeModel(tinyClassifier()), { engine: 'tfjs' })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });

  test('arrays that the student does not take', async () => {
    const student = await load(given.bundle, { engine: 'onnxruntime' });
    const refusal = async (inputs: unknown) =>
      student.predict(inputs as Float32Array).then(
        () => 'taken',
        ({ code }: { code: string }) => code,
      );
    expect(await refusal(new Float32Array(99))).toBe('shape-mismatch');
    expect(await refusal(new Float32Array(0))).toBe('shape-mismatch');
    expect(await refusal({ data: new Float32Array(99), shape: [1, 10, 10, 1] })).toBe('shape-mismatch');
    expect(await refusal({ data: new Float32Array(100), shape: [1, 100] })).toBe('shape-mismatch');
    expect(await refusal(new Float32Array(100).fill(Number.NaN))).toBe('not-finite');
    expect(await refusal({ a: images(1), b: images(1) })).toBe('unknown-input');
    expect(await refusal([1, 2])).toBe('invalid-option');
    expect(await refusal('text')).toBe('invalid-option');
    expect(await refusal({ x: new Float32Array(100) })).toBe('invalid-option');
    await expectAnswers(student);
  });
});

test('a cancelled question, and one after the end, are told', async () => {
  const student = await load(given.bundle, { engine: 'onnxruntime' });
  await expect(student.predict(images(1), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  const controller = new AbortController();
  const asked = student.predict(images(1), controller.signal);
  controller.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  await expectAnswers(student);
  await student[Symbol.asyncDispose]();
  await student[Symbol.asyncDispose]();
  await expect(student.predict(images(1))).rejects.toMatchObject({ code: 'disposed' });
  await expect(load(given.bundle, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});
