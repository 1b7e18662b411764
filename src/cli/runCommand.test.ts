import { beforeAll, describe, expect, test } from 'vitest';
import { readNpy, writeNpy } from '../data/npy.ts';
import { toBundle } from '../export/bundle.ts';
import { toTfjs } from '../export/tfjs.ts';
import { toOnnx } from '../export/toOnnx.ts';
import { onnx, writeModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { type Files, pictures, runLine, stripes } from './commandCases.ts';
import { namesOfFiles } from './runCommand.ts';

const files: Files = {};

beforeAll(async () => {
  await tf.setBackend('cpu');
  const student = await stripes();
  const tfjs = await toTfjs(student);
  Object.assign(files, {
    's.limbeck': await toBundle(student, { labels: ['a', 'b', 'c'], onnx: true }),
    's.onnx': await toOnnx(student),
    's/model.json': new TextEncoder().encode(tfjs['model.json']),
    's/weights.bin': tfjs['weights.bin'],
    'x.npy': pictures(5),
    'wide.npy': pictures(5, [6, 7, 1]),
    'short.npy': writeNpy({ data: Int32Array.of(1, 2), shape: [2] }),
  });
});

const run = (args: readonly string[], more: Files = {}) => {
  const all = { ...files, ...more };
  return runLine(['run', ...args], all).then((result) => ({ ...result, files: all }));
};

describe('limbeck run', () => {
  test('says the same in every form, and writes what the model gives', async () => {
    const answers: number[][] = [];
    for (const [source, engine] of [
      ['s.onnx', 'onnxruntime'],
      ['s/model.json', 'tfjs'],
      // Of both forms the faster one here.
      ['s.limbeck', '(onnxruntime|tfjs)'],
    ] as const) {
      const { code, out, error, files: after } = await run(['--input', 'x.npy', '-o', 'out', source]);
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(out).toMatch(new RegExp(`^engine {5}${engine}, \\d threads?: .*\\noutput {5}logits \\[5, 3\\]\\n`));
      const { data, shape } = readNpy(after['out/logits.npy'] as Uint8Array);
      expect(shape).toEqual([5, 3]);
      answers.push([...data]);
    }
    for (const answer of answers)
      for (const [i, one] of answer.entries()) expect(one).toBeCloseTo(answers[0]?.[i] ?? NaN, 4);
    expect(new Set(answers[0]).size).toBe(15);
  });

  test('writes a file for each output, also where two names become one', async () => {
    expect(namesOfFiles(['a/b', 'a_b', 'A:b', 'a_b-2', 'c'])).toEqual(['a_b', 'a_b-2', 'A_b-3', 'a_b-2-2', 'c']);
    const shape = { dim: [{ dimParam: 'B' }, { dimValue: 2n }] };
    const port = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape } } });
    const node = ['Relu', 'Neg'].map((opType, i) =>
      onnx.node({ opType, input: ['x'], output: [['a/b', 'a_b'][i] ?? ''] }),
    );
    const graph = onnx.graph({ node, input: [port('x')], output: [port('a/b'), port('a_b')] });
    const model = onnx.model({ irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph });
    const more = { 'two.onnx': writeModel(model), 'v.npy': writeNpy({ data: Float32Array.of(-1, 2), shape: [1, 2] }) };
    const { code, error, files: after } = await run(['--input', 'v.npy', '-o', 'out', 'two.onnx'], more);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect([...readNpy(after['out/a_b.npy'] as Uint8Array).data]).toEqual([0, 2]);
    expect([...readNpy(after['out/a_b-2.npy'] as Uint8Array).data]).toEqual([1, -2]);
  });

  test.each(['onnxruntime', 'tfjs'])('a bundle in %s, with labels, accuracy and times, as JSON', async (engine) => {
    const { files: after } = await run(['--input', 'x.npy', '-o', '.', 's.onnx']);
    const logits = readNpy(after['./logits.npy'] as Uint8Array).data;
    const classes = Array.from({ length: 5 }, (_, row) => {
      const scores = logits.slice(3 * row, 3 * row + 3);
      return scores.indexOf(Math.max(...scores));
    });
    // One of five is called wrong.
    const truth = Int32Array.from(classes, (one, i) => (i === 2 ? (one + 1) % 3 : one));
    const more = { 'y.npy': writeNpy({ data: truth, shape: [5] }) };
    const args = ['--input', 'anything=x.npy', '--labels', 'y.npy', '--engine', engine, '--repeat', '3', '--json'];
    const { code, out } = await run([...args, 's.limbeck'], more);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ engine, accuracy: 0.8, outputs: { logits: [5, 3] } });
    expect(report.labels).toEqual(classes.map((one) => 'abc'[one]));
    expect(report.medianMs).toBeGreaterThan(0);
    const plain = (await run([...args.slice(0, -1), 's.limbeck'], more)).out;
    expect(plain).toMatch(/accuracy {3}80 %\nmedian {5}[\d.]+ ms a run\n$/);
  });

  test.each([
    [[], /Give examples/],
    [['s.onnx'], /Give examples: --input/],
    [['--input', 'x.npy'], /No file was given/],
    [['--input', 'x.npy', 's.onnx', 's.limbeck'], /2 files were given/],
    [['--input', 'x.npy', '--input', 'x.npy', 's.onnx'], /"input" twice/],
    [['--input', 'x.npy', '--engine', 'gpu', 's.onnx'], /--engine was "gpu"/],
    [['--input', 'x.npy', '--engine', 'tfjs', 's.onnx'], /not there as tfjs/],
    [['--input', 'x.npy', '--repeat', '1.5', 's.onnx'], /--repeat" was 1\.5/],
    [['--input', 'x.npy', '--repeat', 'x', 's.onnx'], /"x" is no number/],
    [['--input', 'x.npy', '--times', '3', 's.onnx'], /--times/],
  ])('%j ends with 2', async (args, message) => {
    const { code, out, error, written } = await run(args);
    expect({ code, out, written }).toEqual({ code: 2, out: '', written: [] });
    expect(error).toMatch(message);
  });

  test.each([
    [['--input', 'none.npy', 's.onnx'], /ENOENT/],
    [['--input', 'x.npy', 'none.onnx'], /ENOENT/],
    [['--input', 's.onnx', 's.onnx'], /s\.onnx/],
    [['--input', 'wide.npy', 's.onnx'], /takes \[\?, 6, 6, 1\]/],
    [['--input', 'x.npy', '--labels', 'short.npy', 's.onnx'], /--labels has 2 classes/],
    [['--input', 'x.npy', 'x.npy'], /no ONNX/],
  ])('%j ends with 1', async (args, message) => {
    const { code, out, error, written } = await run(args);
    expect({ code, out, written }).toEqual({ code: 1, out: '', written: [] });
    expect(error).toMatch(message);
  });

  test('--help helps', async () => {
    expect((await run(['--help'])).out).toMatch(/Usage\n {2}limbeck run/);
  });
});
