import { beforeAll, describe, expect, test } from 'vitest';
import { readNpy, writeNpy } from '../data/npy.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { type Files, runLine } from './commandCases.ts';
import { brightSides, CLASSES, sidesTeacher } from './learnCases.ts';

const files: Files = {};
const run = (args: readonly string[], signal?: AbortSignal) =>
  runLine(args, files, { assetBase: builtAssets(), ...(signal && { signal }) });

beforeAll(() => {
  Object.assign(files, { 'teacher.onnx': sidesTeacher() }, brightSides('photos', 90));
  // Somebody who calls the sides otherwise, and knows one that the student does not.
  Object.assign(files, brightSides('mine', 30, ['left', 'top', 'corner']));
});

describe('limbeck distill', () => {
  test('from folders to a student that knows the names of its classes, and does what the teacher does', async () => {
    const { code, out, error, written } = await run([
      'distill',
      '--data',
      'photos',
      '-o',
      'out/',
      '--epochs',
      '6',
      '--rate',
      '0.01',
      'teacher.onnx',
    ]);
    expect(code, error).toBe(0);
    expect(written).toEqual(['out/student.limbeck', 'out/report.json']);
    expect(out).toMatch(/student .* parameters[\s\S]*agreement .* %[\s\S]*written {2}out\/student\.limbeck/);
    expect(error).toMatch(/read +100 %[\s\S]*learn +100 %/);
    const { manifest, onnx } = await readBundle(files['out/student.limbeck'] as Uint8Array);
    expect(manifest.labels).toEqual(CLASSES);
    expect(onnx).toBeDefined();
    const report = JSON.parse(new TextDecoder().decode(files['out/report.json']));
    expect(report).toMatchObject({ examples: 81, epochs: { length: 6 }, teacher: { name: 'teacher.onnx' } });
    // A teacher's noise would be agreed with by chance: a third.
    expect(report.holdout.agreement).toBeGreaterThan(0.7);
  });

  test('from arrays and a table, with a student, a loss and a seed of one’s own; as JSON', async () => {
    const shape = [40, 10, 10, 1];
    const pixels = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i) ** 2);
    files['x.npy'] = writeNpy({ data: pixels, shape });
    const options = [
      '--student',
      'mlp',
      '--student-options',
      '{"hidden":[8]}',
      '--loss',
      'softTargets',
      '--loss-options',
      '{"temperature":2}',
      '--seed',
      '3',
    ];
    const first = await run([
      'distill',
      '--json',
      '--data',
      'x.npy',
      '-o',
      'o',
      '--epochs',
      '1',
      ...options,
      'teacher.onnx',
    ]);
    expect(first.code, first.error).toBe(0);
    expect(JSON.parse(first.out)).toMatchObject({
      seed: 3,
      loss: { name: 'softTargets', options: { temperature: 2 } },
      written: { length: 2 },
    });
    const student = files['o/student.limbeck'];
    const again = await run([
      'distill',
      '--data',
      'x.npy',
      '-o',
      'o',
      '--epochs',
      '1',
      ...options,
      '--student',
      'o/student.limbeck',
      'teacher.onnx',
    ]);
    expect(again.code).toBe(2);
    expect(again.error).toMatch(/--student-options are for cnn/);
    await run([
      'distill',
      '--data',
      'x.npy',
      '-o',
      'o',
      '--epochs',
      '1',
      '--student',
      'o/student.limbeck',
      'teacher.onnx',
    ]);
    expect(files['o/student.limbeck']).not.toEqual(student);
  });

  test('Ctrl-C keeps what was learned, and ends with 130', async () => {
    const controller = new AbortController();
    const long = run(
      ['distill', '--data', 'photos', '-o', 'kept', '--epochs', '100000', 'teacher.onnx'],
      controller.signal,
    );
    setTimeout(() => controller.abort(), 2000);
    const { code, out, error, written } = await long;
    expect({ code, out }).toEqual({ code: 130, out: '' });
    expect(error).toMatch(/Interrupted\.\n$/);
    if (written.length === 0) expect(error).toContain('nothing is kept');
    else await readBundle(files['kept/student.limbeck'] as Uint8Array);
  });

  test.each([
    [['--data', 'photos', 'teacher.onnx'], 2, /--output FILE/],
    [['-o', 'x', 'teacher.onnx'], 2, /--data FOLDER/],
    [['--data', 'photos', '-o', 'x', '--student', 'resnet', 'teacher.onnx'], 2, /--student was "resnet"/],
    [['--data', 'photos', '-o', 'x', '--student-options', '[1]', 'teacher.onnx'], 2, /--student-options was "\[1\]"/],
    [
      ['--data', 'photos', '-o', 'x', '--loss', 'softTarget', 'teacher.onnx'],
      2,
      /--loss was "softTarget".*softTargets/,
    ],
    [['--data', 'photos', '-o', 'x', '--epochs', '0', 'teacher.onnx'], 2, /--epochs/],
    [
      ['--data', 'photos', '-o', 'x', '--input', 'imagenet', 'teacher.onnx'],
      2,
      /--input was "imagenet"; it must be a preset/,
    ],
    [['--data', 'photos', '-o', 'x', '--size', 'big', 'teacher.onnx'], 2, /--size was "big"/],
    [['--data', 'photos/left/000.jpg', '-o', 'x', 'teacher.onnx'], 1, /ENOENT/],
    [['--data', 'teacher.onnx', '-o', 'x', 'teacher.onnx'], 2, /must be a folder, or end in/],
    [['--data', 'photos', '-o', 'x', 'none.onnx'], 1, /ENOENT/],
    [['--data', 'photos', '-o', 'x', 'photos/left/001.png'], 1, /no ONNX/],
  ])('%j ends with %i', async (args, code, message) => {
    const result = await run(['distill', ...args]);
    expect(result).toMatchObject({ code, out: '', written: [] });
    expect(result.error).toMatch(message);
  });
});

describe('limbeck personalize', () => {
  test('a student learns a new class by its name; the patch and the student with it are written', async () => {
    const { code, out, error, written } = await run([
      'personalize',
      '--data',
      'mine',
      '-o',
      'own',
      '--method',
      'headOnly',
      'out/student.limbeck',
    ]);
    expect(code, error).toBe(0);
    expect(written).toEqual(['own/personal.safetensors', 'own/personal.limbeck', 'own/report.json']);
    expect(out).toMatch(/verdict {4}accepted/);
    const { manifest } = await readBundle(files['own/personal.limbeck'] as Uint8Array);
    expect(manifest.labels).toEqual([...CLASSES, 'corner']);
  });

  test('an ONNX model becomes another, which the command runs', async () => {
    const { code, error } = await run(['personalize', '--data', 'mine', '-o', 'onnx', 'teacher.onnx']);
    expect(code, error).toBe(0);
    files['one.npy'] = writeNpy({ data: new Float32Array(100), shape: [1, 1, 10, 10] });
    const after = await run(['run', '--input', 'one.npy', '-o', 'answers', 'onnx/personal.onnx']);
    expect(after.code, after.error).toBe(0);
    expect(readNpy(files['answers/logits.npy'] as Uint8Array).shape).toEqual([1, 3]);
  });

  test.each([
    [['--data', 'x.npy', '-o', 'x', 'out/student.limbeck'], 1, /have no classes/],
    [['--data', 'mine', '-o', 'x', '--input', 'clip', 'out/student.limbeck'], 2, /are for ONNX files/],
    [['--data', 'mine', '-o', 'x', '--method', 'knn', 'teacher.onnx'], 2, /headOnly, lora or prototypes/],
    [['--data', 'mine', '-o', 'x', '--method', 'magic', 'teacher.onnx'], 2, /--method was "magic"/],
  ])('%j ends with %i', async (args, code, message) => {
    const result = await run(['personalize', ...args]);
    expect(result).toMatchObject({ code, out: '', written: [] });
    expect(result.error).toMatch(message);
  });
});
