import { beforeAll, describe, expect, test } from 'vitest';
import { toBundle } from '../export/bundle.ts';
import { toTfjs } from '../export/tfjs.ts';
import { toOnnx } from '../export/toOnnx.ts';
import { describeOnnx } from '../onnx/describe/describe.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsFromFiles } from '../student/files/files.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { readSafetensors } from '../student/safetensors/safetensors.ts';
import type { Student } from '../student/student.ts';
import { type Files, runLine, stripes } from './commandCases.ts';

const labels = ['a', 'b', 'c'];
const given: { student: Student; files: Files } = { student: undefined as never, files: {} };

beforeAll(async () => {
  await tf.setBackend('cpu');
  given.student = await stripes();
  const tfjs = await toTfjs(given.student);
  given.files = {
    'stripes.limbeck': await toBundle(given.student, { labels, input: { mean: 0.5 } }),
    'stripes.onnx': await toOnnx(given.student),
    'stripes/model.json': new TextEncoder().encode(tfjs['model.json']),
    'stripes/weights.bin': tfjs['weights.bin'] as Uint8Array,
  };
});

/** Its weights, whatever the file calls them. */
function weightsOf(bytes: ArrayBuffer): number[] {
  return [...new Float32Array(bytes)];
}

const run = (args: readonly string[], more: Files = {}) => {
  const files = { ...given.files, ...more };
  return runLine(['export', ...args], files).then((result) => ({ ...result, files }));
};

describe('limbeck export', () => {
  test.each(['stripes.limbeck', 'stripes/model.json', 'stripes.onnx'])('%s to every form and back', async (source) => {
    const wanted = weightsOf((given.student.artifacts as { weightData: ArrayBuffer }).weightData);
    const { code, error, out, files } = await run(['-o', 'new/', source]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^written {2}new\/model\.json, [\d.]+ kB\nwritten {2}new\/weights\.bin, [\d.]+ kB\n$/);
    const tfjs = {
      'model.json': files['new/model.json'] as Uint8Array,
      'weights.bin': files['new/weights.bin'] as Uint8Array,
    };
    expect(weightsOf(artifactsFromFiles(tfjs).weightData)).toEqual(wanted);
    const packed = await run(['--output', 'new.limbeck', source]);
    expect(packed.error).toBe('');
    const bundle = await readBundle(packed.files['new.limbeck'] as Uint8Array);
    expect(weightsOf(bundle.artifacts.weightData)).toEqual(wanted);
    expect(bundle.onnx?.length).toBeGreaterThan(1000);
    const { tensors } = readSafetensors(
      (await run(['-o', 'new.safetensors', source])).files['new.safetensors'] as Uint8Array,
    );
    expect([...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(4 * wanted.length);
    const { files: again } = await run(['-o', 'back.onnx', 'new.limbeck'], packed.files);
    const { outputs, parameters } = describeOnnx(again['back.onnx'] as Uint8Array);
    expect(outputs).toMatchObject([{ name: 'head', shape: ['batch', 3] }]);
    expect(parameters).toBe(wanted.length);
  });

  test('what a bundle says comes along, and options say otherwise', async () => {
    const { files } = await run(['-o', 'x.onnx', '--license', 'MIT', 'stripes.limbeck']);
    expect(describeOnnx(files['x.onnx'] as Uint8Array).metadata).toMatchObject({
      'limbeck.labels': JSON.stringify(labels),
      'limbeck.input': '{"mean":0.5}',
      'limbeck.license': 'MIT',
    });
    const other = await run([
      '-o',
      'x.limbeck',
      '--labels',
      'x,y,z',
      '--name',
      'new',
      '--license',
      'MIT',
      'stripes.onnx',
    ]);
    const { manifest, card } = await readBundle(other.files['x.limbeck'] as Uint8Array);
    expect(manifest).toMatchObject({ name: 'new', labels: ['x', 'y', 'z'] });
    expect(card).toContain('license: MIT');
  });

  test('options of ONNX', async () => {
    const args = [
      '--opset',
      '13',
      '--batch',
      '2',
      '--channels-first',
      '--fold-batch-norm',
      '-o',
      'x',
      'stripes.limbeck',
    ];
    const { files } = await run(args);
    const { inputs, opsets, operators } = describeOnnx(files['x'] as Uint8Array);
    expect(inputs).toMatchObject([{ shape: [2, 1, 6, 6] }]);
    expect(opsets).toEqual({ 'ai.onnx': 13 });
    expect(Object.keys(operators)).toContain('Conv');
    const { files: tall } = await run([
      '--to',
      'tfjs',
      '--precision',
      'uint8',
      '-o',
      'small/model.json',
      'stripes.limbeck',
    ]);
    expect(tall['small/weights.bin']?.length).toBeLessThan((tall['stripes/weights.bin']?.length ?? 0) / 3);
  });

  test.each([
    [[], /No file was given|--output/],
    [['stripes.onnx'], /--output FILE/],
    [['-o', '', 'stripes.onnx'], /--output FILE/],
    [['-o', 'x.onnx'], /No file was given/],
    [['-o', 'x.onnx', 'stripes.onnx', 'stripes.limbeck'], /2 files were given/],
    [['-o', 'x.onnx', '--to', 'keras', 'stripes.onnx'], /--to was "keras"; it must be one of onnx, tfjs/],
    [['-o', 'x/', '--precision', 'int8', 'stripes.onnx'], /--precision was "int8"/],
    [['-o', 'x.onnx', '--opset', 'new', 'stripes.onnx'], /"new" is no number/],
    [['-o', 'x.onnx', '--opset', '12', 'stripes.onnx'], /opset.*13.*21/],
    [['-o', 'x.onnx', '--batch', '0', 'stripes.onnx'], /--batch was 0/],
    [['-o', 'x.onnx', '--quality', '1', 'stripes.onnx'], /--quality/],
  ])('%j ends with 2, and nothing is written', async (args, message) => {
    const { code, out, error, written } = await run(args);
    expect({ code, out, written }).toEqual({ code: 2, out: '', written: [] });
    expect(error).toMatch(message);
  });

  test.each([
    ['none.onnx', {}, /ENOENT/],
    ['page.onnx', { 'page.onnx': new TextEncoder().encode('<!doctype html>') }, /no tfjs layers model.*doctype/],
    ['torn.onnx', { 'torn.onnx': new Uint8Array([8, 7, 18, 200]) }, /no ONNX/],
    ['torn.limbeck', { 'torn.limbeck': new Uint8Array([0x50, 0x4b, 3, 4, 9]) }, /ZIP/],
    ['model.json', { 'model.json': new TextEncoder().encode('{"a":') }, /no tfjs layers model/],
  ])('%s ends with 1', async (file, files, message) => {
    const { code, out, error, written } = await run(['-o', 'x.limbeck', file], files as Files);
    expect({ code, out, written }).toEqual({ code: 1, out: '', written: [] });
    expect(error).toMatch(message);
  });

  test.each(['--help', '-h'])('%s helps', async (flag) => {
    const { code, out, error } = await run([flag]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/Usage\n {2}limbeck export/);
  });
});
