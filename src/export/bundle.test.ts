import { strFromU8, strToU8, unzipSync, type Zippable, zipSync } from 'fflate';
import { beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import type { BundleManifest } from '../student/files/bundle.ts';
import { readBundle } from '../student/files/readBundle.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { toBundle } from './bundle.ts';

const labels = ['no', 'yes', 'ünsure "?"'];
const report = {
  seed: 3,
  examples: 100,
  teacher: { name: 'ocr', identity: 'abc123', bytes: 1000 },
  holdout: { accuracy: 0.9271 },
};
const input = { kind: 'image', size: [12, 12], scale: [-1, 1] };
let artifacts: StudentArtifacts;
let bytes: Uint8Array;

beforeAll(async () => {
  await tf.setBackend('cpu');
  artifacts = await artifactsFrom(cnn({ inputShape: [12, 12, 1], classes: 3 }), 'build');
  bytes = await toBundle(artifacts, { name: 'digits', labels, input, report, onnx: true });
});

const isSame = (a: ArrayBuffer | Uint8Array, b: ArrayBuffer | Uint8Array) =>
  Buffer.compare(new Uint8Array(a), new Uint8Array(b)) === 0;

test('a bundle returns everything that was packed', async () => {
  const { manifest, artifacts: back, onnx, card } = await readBundle(bytes);
  expect(back.modelTopology).toEqual(artifacts.modelTopology);
  expect(back.weightSpecs).toEqual(artifacts.weightSpecs);
  expect(isSame(back.weightData, artifacts.weightData)).toBe(true);
  const { files, weightsHash, ...about } = manifest;
  expect(about).toEqual({
    format: 'limbeck-bundle',
    version: 1,
    name: 'digits',
    labels,
    input,
    inputs: { [Object.keys(about.inputs)[0] as string]: [null, 12, 12, 1] },
    outputs: { logits: [null, 3] },
    teacher: { name: 'ocr', identity: 'abc123' },
    report,
  });
  expect(files.map(({ path }) => path)).toEqual(['model.json', 'weights.bin', 'student.onnx', 'README.md']);
  expect(weightsHash).toMatch(/^[0-9a-f]{64}$/);
  expect(readModel(onnx as Uint8Array).graph?.output.map(({ name }) => name)).toEqual(['logits']);
  expect(card).toContain('0.9271');
});

test('the same student gives the same bytes, whatever the time', async () => {
  const again = await toBundle(artifacts, { name: 'digits', labels, input, report, onnx: true });
  expect(isSame(again, bytes)).toBe(true);
  const { artifacts: back } = await readBundle(bytes);
  expect(isSame(await toBundle(back, { name: 'digits', labels, input, report, onnx: true }), bytes)).toBe(true);
  // The bytes of the date in the first local header: 1 January 1980, midnight.
  expect(Array.from(bytes.subarray(10, 14))).toEqual([0, 0, 0x21, 0]);
});

test('a bundle may be minimal, and hold a given ONNX file', async () => {
  const onnx = Uint8Array.of(8, 8);
  const bare = await readBundle((await toBundle(artifacts, { onnx, modelCard: '# mine' })).slice().buffer);
  expect(bare.manifest).not.toHaveProperty('labels');
  expect(bare.manifest.name).toBe('student');
  expect(bare.onnx).toEqual(onnx);
  expect(bare.card).toBe('# mine');
  const none = await readBundle(await toBundle(artifacts));
  expect(none.onnx).toBeUndefined();
});

describe('a bundle is refused', () => {
  const entries = () => unzipSync(bytes) as Record<string, Uint8Array>;
  const zipOf = (files: Zippable) => zipSync(files);
  const changed = (more: Record<string, Uint8Array>) => zipOf({ ...entries(), ...more });
  const withManifest = (change: (manifest: BundleManifest) => unknown) =>
    changed({
      'manifest.json': strToU8(JSON.stringify(change(JSON.parse(strFromU8(entries()['manifest.json'] as Uint8Array))))),
    });
  const without = (name: string) => {
    const { [name]: _, ...rest } = entries();
    return zipOf(rest);
  };
  /** Writes another uncompressed size for a file into the ZIP's directory. */
  const claiming = (name: string, size: number) => {
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    for (let at = 0; at < copy.length - 46; at++) {
      if (view.getUint32(at, true) !== 0x02014b50) continue;
      const length = view.getUint16(at + 28, true);
      if (strFromU8(copy.subarray(at + 46, at + 46 + length)) === name) view.setUint32(at + 24, size, true);
    }
    return copy;
  };

  test.each<[string, () => Uint8Array, string | RegExp]>([
    ['that is empty', () => new Uint8Array(0), 'no ZIP'],
    ['that is a page', () => strToU8('<!doctype html>'), 'no ZIP'],
    ['that was cut', () => bytes.slice(0, bytes.length - 30), 'damaged'],
    ['with a file twice the size that it has', () => claiming('weights.bin', 2 ** 27), 'weights.bin" says'],
    ['with a file that unpacks to gigabytes', () => claiming('model.json', 2 ** 31), 'the most that are allowed'],
    ['with a file that grows too much', () => claiming('README.md', 2 ** 28), 'README.md" says'],
    ['with a file that is larger than it says', () => claiming('model.json', 100), 'model.json" is not the one'],
    ['without a manifest', () => without('manifest.json'), 'no manifest.json'],
    ['without weights', () => without('weights.bin'), '"weights.bin" is missing'],
    ['with other weights', () => changed({ 'weights.bin': new Uint8Array(8) }), '"weights.bin" is not the one'],
    ['with another card', () => changed({ 'README.md': strToU8('# other') }), '"README.md" is not the one'],
    ['with a manifest of no JSON', () => changed({ 'manifest.json': strToU8('{') }), 'no JSON'],
    ['with a manifest of null', () => changed({ 'manifest.json': strToU8('null') }), 'something else'],
    ['of another format', () => withManifest((m) => ({ ...m, format: 'zip' })), 'something else'],
    ['of a newer version', () => withManifest((m) => ({ ...m, version: 2 })), /version 2.*update limbeck/],
    ['of a version in words', () => withManifest((m) => ({ ...m, version: 'two' })), 'something else'],
    ['without a list of files', () => withManifest(({ files: _, ...m }) => m), 'lacks a name'],
    ['with labels of numbers', () => withManifest((m) => ({ ...m, labels: [1] })), 'labels that are no texts'],
    ['with a form of no text', () => withManifest((m) => ({ ...m, quantized: {} })), 'or such a form'],
    ['with shapes of texts', () => withManifest((m) => ({ ...m, inputs: { x: ['B'] } })), 'lacks a name'],
    ['with an empty list of files', () => withManifest((m) => ({ ...m, files: [] })), 'lists no model.json'],
    ['with weights of another hash', () => withManifest((m) => ({ ...m, weightsHash: 'ff' })), 'not those'],
    ['with a file above it', () => changed({ '../evil.js': new Uint8Array(1) }), 'outside of it'],
    ['with a file at the root', () => changed({ '/etc/passwd': new Uint8Array(1) }), 'outside of it'],
    ['with a file of another drive', () => changed({ 'C:evil': new Uint8Array(1) }), 'outside of it'],
    ['with a backslash', () => changed({ 'a\\..\\b': new Uint8Array(1) }), 'outside of it'],
    ['with a detour', () => changed({ 'a/../b': new Uint8Array(1) }), 'outside of it'],
  ])('%s', async (_, make, why) => {
    await expect(readBundle(make())).rejects.toMatchObject({
      code: 'bundle-invalid',
      message: expect.stringMatching(why),
    });
  });

  test('that would take more memory than allowed', async () => {
    await expect(readBundle(bytes, { mostBytes: 1000 })).rejects.toMatchObject({ code: 'bundle-invalid' });
  });

  test('that is not bytes, or is read with an unknown option', async () => {
    await expect(readBundle('/a.limbeck' as never)).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(readBundle(bytes, { most: 1 } as never)).rejects.toMatchObject({ code: 'invalid-option' });
    expect((await readBundle(new Blob([bytes as BlobPart]))).manifest.name).toBe('digits');
  });

  test('that was cut or changed anywhere', async () => {
    const step = Math.ceil(bytes.length / 60);
    for (let at = 0; at < bytes.length; at += step) {
      await expect(readBundle(bytes.slice(0, at)), `cut at ${at}`).rejects.toMatchObject({ code: 'bundle-invalid' });
    }
    // A changed byte is either reported or does not affect what is read.
    const whole = await readBundle(bytes);
    let told = 0;
    for (let at = 0; at < bytes.length; at += step) {
      const copy = bytes.slice();
      copy[at] = (copy[at] as number) ^ 0x55;
      const read = await readBundle(copy).catch((error: { code: string }) => error.code);
      if (typeof read === 'string') {
        expect(read).toBe('bundle-invalid');
        told++;
      } else expect(isSame(read.artifacts.weightData, whole.artifacts.weightData)).toBe(true);
    }
    // Most bytes are of files, each of which has a checksum.
    expect(told).toBeGreaterThan(30);
  });

  test('but unlisted files, and folders, are ignored', async () => {
    const read = await readBundle(changed({ 'LICENSE.txt': strToU8('MIT'), 'docs/': new Uint8Array(0) }));
    expect(read.manifest.name).toBe('digits');
  });
});

test('labels for another number of classes, and unknown options, are refused', async () => {
  await expect(toBundle(artifacts, { labels: ['a'] })).rejects.toMatchObject({ code: 'class-mismatch' });
  await expect(toBundle(artifacts, { label: [] } as never)).rejects.toMatchObject({ code: 'invalid-option' });
  await expect(toBundle({ modelTopology: {} } as never)).rejects.toMatchObject({ code: 'student-invalid' });
});
