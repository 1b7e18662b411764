import { beforeAll, describe, expect, test } from 'vitest';
import { readNpy, writeNpy } from '../data/npy.ts';
import { toOnnx } from '../export/toOnnx.ts';
import { describeOnnx } from '../onnx/describe/describe.ts';
import * as tf from '../runtime/tf.ts';
import { type Files, pictures, runLine, stripes } from './commandCases.ts';

const files: Files = {};

beforeAll(async () => {
  await tf.setBackend('cpu');
  const student = await stripes();
  Object.assign(files, { 's.onnx': await toOnnx(student), 'x.npy': pictures(16) });
  await runLine(['run', '--input', 'x.npy', '-o', '.', 's.onnx'], files);
  const logits = readNpy(files['./logits.npy'] as Uint8Array).data;
  const classes = Int32Array.from({ length: 16 }, (_, row) => {
    const scores = logits.slice(3 * row, 3 * row + 3);
    return scores.indexOf(Math.max(...scores));
  });
  files['y.npy'] = writeNpy({ data: classes, shape: [16] });
});

const run = (args: readonly string[], more: Files = {}) => {
  const all = { ...files, ...more };
  return runLine(['quantize', ...args], all).then((result) => ({ ...result, files: all }));
};

describe('limbeck quantize', () => {
  test.each([
    ['dynamic-int8', []],
    ['dynamic-int8', ['--per-tensor']],
    ['static-int8', []],
    ['static-int8', ['--method', 'entropy', '--examples', '8']],
    ['static-int8', ['--method', 'percentile', '--percentile', '99.9']],
    ['float16', []],
    ['float16', ['--float16', 'graph']],
    ['int4', ['--block', '16']],
  ])('%s %j, compared on labelled examples', async (to, options) => {
    const args = [
      '--to',
      to,
      ...options,
      '-o',
      'small.onnx',
      '--data',
      'x.npy',
      '--labels',
      'y.npy',
      '--tolerance',
      '0.3',
    ];
    const { code, out, error, written, files: after } = await run([...args, 's.onnx']);
    expect({ code, error, written }).toEqual({ code: 0, error: '', written: ['small.onnx'] });
    expect(out).toMatch(
      new RegExp(`^form {11}${to}\\nbytes .* %\\naccuracy {7}1 → (0\\.\\d{1,4}|1)\\nwritten {8}small\\.onnx\\n$`),
    );
    expect(describeOnnx(after['small.onnx'] as Uint8Array).outputs).toMatchObject([{ name: 'head' }]);
    const answer = await runLine(['run', '--input', 'x.npy', '--labels', 'y.npy', '--json', 'small.onnx'], after);
    expect(JSON.parse(answer.out).accuracy).toBeGreaterThan(0.7);
  });

  test('a report as JSON, with what was left out', async () => {
    const args = [
      '--to',
      'dynamic-int8',
      '--exclude',
      'head',
      '--exclude',
      'Conv',
      '--json',
      '-o',
      'small.onnx',
      's.onnx',
    ];
    const { code, out } = await run(args);
    expect(code).toBe(0);
    const { nodes, metric, quantized } = JSON.parse(out);
    expect({ metric, quantized }).toEqual({ metric: undefined, quantized: 0 });
    expect(nodes.map(({ why }: { why: string }) => why)).toEqual(['it is excluded', 'it is excluded']);
  });

  test('a model that loses too much is not written', async () => {
    const other = Int32Array.from(readNpy(files['y.npy'] as Uint8Array).data);
    const args = ['--to', 'int4', '-o', 'small.onnx', '--data', 'input=x.npy', '--tolerance', '0'];
    const { code, out, error, written } = await run([...args, 's.onnx'], { 'x.npy': pictures(400) });
    expect({ code, out, written }).toEqual({ code: 1, out: '', written: [] });
    expect(error).toMatch(/exclude/);
    expect(other).toHaveLength(16);
  });

  test.each([
    [[], /--to FORM/],
    [['--to', 'int8', '-o', 'a', 's.onnx'], /--to was "int8"/],
    [['--to', 'int4', 's.onnx'], /--output FILE/],
    [['--to', 'int4', '-o', 'a'], /No file was given/],
    [['--to', 'int4', '-o', 'a', 's.onnx', 's.onnx'], /2 files/],
    [['--to', 'static-int8', '-o', 'a', 's.onnx'], /--data FILE.npy/],
    [['--to', 'static-int8', '--method', 'max', '-o', 'a', 's.onnx'], /--method was "max"/],
    [['--to', 'float16', '--float16', 'all', '-o', 'a', 's.onnx'], /--float16 was "all"/],
    [['--to', 'int4', '--block', '17', '-o', 'a', 's.onnx'], /--block was 17/],
    [['--to', 'int4', '--tolerance', 'x', '-o', 'a', 's.onnx'], /"x" is no number/],
    [['--to', 'int4', '--tolerance', '0.1', '-o', 'a', 's.onnx'], /give --data/],
    [['--to', 'int4', '--labels', 'y.npy', '-o', 'a', 's.onnx'], /give --data/],
    [['--to', 'int4', '--data', 'x.npy', '--data', 'x.npy', '-o', 'a', 's.onnx'], /twice/],
    [['--to', 'int4', '--fast', '-o', 'a', 's.onnx'], /--fast/],
  ])('%j ends with 2', async (args, message) => {
    const { code, out, error, written } = await run(args);
    expect({ code, out, written }).toEqual({ code: 2, out: '', written: [] });
    expect(error).toMatch(message);
  });

  test.each([
    [['--to', 'int4', '-o', 'a', 'none.onnx'], /ENOENT/],
    [['--to', 'int4', '-o', 'a', 'x.npy'], /no ONNX/],
    [['--to', 'int4', '--data', 's.onnx', '-o', 'a', 's.onnx'], /s\.onnx/],
    [['--to', 'int4', '--data', 'z=y.npy', '-o', 'a', 's.onnx'], /./],
  ])('%j ends with 1', async (args, message) => {
    const { code, out, error, written } = await run(args);
    expect({ code, out, written }).toEqual({ code: 1, out: '', written: [] });
    expect(error).toMatch(message);
  });

  test('--help helps', async () => {
    expect((await run(['-h'])).out).toMatch(/Usage\n {2}limbeck quantize/);
  });
});
