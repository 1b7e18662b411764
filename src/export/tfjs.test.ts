import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { artifactsFromFiles } from '../student/files/files.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { type TfjsModelFiles, type TfjsOptions, toTfjs } from './tfjs.ts';

let artifacts: StudentArtifacts;

beforeAll(async () => {
  await tf.setBackend('cpu');
  artifacts = await artifactsFrom(dsCnn({ inputShape: [12, 12, 1], classes: 3 }), 'build');
});

/** Like `tf.loadLayersModel('…/model.json')`: tfjs's own handler for an address, with a fetch that finds the files. */
async function loadPlain(files: TfjsModelFiles): Promise<tf.LayersModel> {
  const fetchFunc = async (url: string | URL | Request) => {
    const name = String(url).split('/').at(-1) as 'model.json';
    const content: string | Uint8Array | undefined = files[name];
    return new Response(content as string, { status: content === undefined ? 404 : 200 });
  };
  return tf.loadLayersModel(tf.io.http('http://localhost/m/model.json', { fetchFunc }));
}

function weightsOf(model: tf.LayersModel): Float32Array {
  return Float32Array.from(model.getWeights().flatMap((weight) => Array.from(weight.dataSync())));
}

/** Largest difference of any weight, in parts of the largest weight of its tensor's range. */
async function largestError(options: TfjsOptions): Promise<{ error: number; bytes: number }> {
  const files = await toTfjs(artifacts, options);
  const model = await loadPlain(files);
  const plain = weightsOf(model);
  model.dispose();
  const ours = new Float32Array(artifactsFromFiles(files).weightData);
  expect(Buffer.compare(new Uint8Array(ours.buffer), new Uint8Array(plain.buffer)), 'both read the same').toBe(0);
  const before = new Float32Array(artifacts.weightData);
  expect(plain.length).toBe(before.length);
  let error = 0;
  let at = 0;
  for (const { shape } of artifacts.weightSpecs) {
    const size = shape.reduce((a, b) => a * b, 1);
    const [was, is] = [before.subarray(at, at + size), plain.subarray(at, at + size)];
    const range = Math.max(...was) - Math.min(...was) || 1;
    for (const [i, value] of was.entries()) error = Math.max(error, Math.abs((is[i] as number) - value) / range);
    at += size;
  }
  const bytes = Object.entries(files).reduce(
    (sum, [name, { length }]) => sum + (name.endsWith('.bin') ? length : 0),
    0,
  );
  return { error, bytes };
}

describe('files of a student', () => {
  test.each<[TfjsOptions, number, number]>([
    [{}, 0, 4],
    [{ quantize: 'none', shardBytes: 1000 }, 0, 4],
    // Half of the last of eleven bits, if the largest of a range is on one side of zero.
    [{ quantize: 'float16' }, 2 ** -11, 2],
    // Half a step of the range, and rounding to float32.
    [{ quantize: 'uint16' }, 0.5 / 65535 + 1e-7, 2],
    [{ quantize: 'uint8', shardBytes: 777 }, 0.5 / 255 + 1e-7, 1],
  ])('%o: plain tfjs loads them, with an error of %d at most', async (options, most, elementBytes) => {
    const { error, bytes } = await largestError(options);
    expect(error).toBeLessThanOrEqual(most);
    if (options.quantize !== undefined && options.quantize !== 'none') expect(error).toBeGreaterThan(0);
    expect(bytes).toBe((artifacts.weightData.byteLength / 4) * elementBytes);
  });

  test('in several files, none larger than asked', async () => {
    const files = await toTfjs(artifacts, { shardBytes: 10_000 });
    const shards = Object.entries(files).filter(([name]) => name !== 'model.json');
    const count = Math.ceil(artifacts.weightData.byteLength / 10_000);
    expect(shards.map(([name]) => name)).toEqual(
      Array.from({ length: count }, (_, i) => `weights-${i + 1}of${count}.bin`),
    );
    expect(shards.every(([, content]) => content.length <= 10_000)).toBe(true);
  });

  test('at full precision are read back bit for bit', async () => {
    const back = artifactsFromFiles(await toTfjs(artifacts));
    expect(back.weightSpecs).toEqual(artifacts.weightSpecs);
    expect(Buffer.compare(new Uint8Array(back.weightData), new Uint8Array(artifacts.weightData))).toBe(0);
  });

  test('zero stays zero, and a constant stays itself', async () => {
    const values = Float32Array.of(-1, 0, 0.3, 2, 5, 5);
    const weightSpecs = [
      { name: 'a', shape: [4], dtype: 'float32' },
      { name: 'b', shape: [2], dtype: 'float32' },
    ];
    for (const quantize of ['uint8', 'uint16'] as const) {
      const files = await toTfjs({ ...artifacts, weightSpecs, weightData: values.buffer }, { quantize });
      const back = new Float32Array(artifactsFromFiles(files).weightData);
      expect([back[1], back[4], back[5]]).toEqual([0, 5, 5]);
    }
  });
});

test('an unknown shortening and no file size are refused', async () => {
  const invalid = { code: 'invalid-option' };
  await expect(toTfjs(artifacts, { quantize: 'int8' as never })).rejects.toMatchObject(invalid);
  await expect(toTfjs(artifacts, { shardBytes: 0 })).rejects.toMatchObject(invalid);
  await expect(toTfjs(artifacts, { quantise: 'uint8' } as never)).rejects.toMatchObject(invalid);
});
