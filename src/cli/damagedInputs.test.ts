// What came from elsewhere may be damaged: only errors with a code and a sentence may come out.
import { beforeAll, describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { seededRandom } from '../core/random.ts';
import { toBundle } from '../export/bundle.ts';
import { quantize } from '../export/quantize.ts';
import type { QuantizeOptions } from '../export/quantizeOptions.ts';
import { toSafetensors } from '../export/safetensors.ts';
import { toTfjs } from '../export/tfjs.ts';
import { toOnnx } from '../export/toOnnx.ts';
import { loadStudent } from '../predict/loadStudent.ts';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsFromFiles } from '../student/files/files.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { fromOnnx } from '../student/fromOnnx.ts';
import { fromSafetensors } from '../student/fromSafetensors.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';

const HERE = { worker: 'none', threads: 1, assetBase: ortAssets() } as const;
const given = {} as {
  student: Student;
  onnx: Uint8Array;
  bundle: Uint8Array;
  safe: Uint8Array;
  json: string;
  bin: Uint8Array;
};

beforeAll(async () => {
  await tf.setBackend('cpu');
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 3, kernelSize: 3, name: 'conv' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 3, name: 'head' }),
    ],
  });
  given.student = studentFromArtifacts('tiny', await artifactsOf(model));
  given.onnx = await toOnnx(model);
  given.bundle = await toBundle(given.student, { labels: ['a', 'b', 'c'], onnx: true });
  given.safe = await toSafetensors(given.student);
  const { 'model.json': json, 'weights.bin': bin } = await toTfjs(given.student);
  Object.assign(given, { json, bin });
  model.dispose();
});

/** Cut off, with bytes flipped, with a piece missing. */
function damaged(bytes: Uint8Array, count: number): Uint8Array[] {
  const random = seededRandom(bytes.length);
  return Array.from({ length: count }, (_, i) => {
    if (i % 3 === 0) return bytes.slice(0, Math.floor(bytes.length * random()));
    const copy = bytes.slice();
    if (i % 3 === 1) {
      for (let k = 0; k < 1 + (i % 4); k++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
      return copy;
    }
    const from = Math.floor(random() * bytes.length);
    return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + 1 + (i % 7))]);
  });
}

const WRONG: readonly unknown[] = [
  null,
  undefined,
  0,
  '',
  'text',
  [],
  {},
  new Uint8Array(0),
  () => 1,
  Symbol('x'),
  [null],
  { a: 1 },
];

/** The work may go well; what it throws has a code and a sentence. */
async function faults(all: readonly unknown[], work: (one: never) => unknown): Promise<string[]> {
  const found: string[] = [];
  for (const [i, one] of all.entries()) {
    try {
      await work(one as never);
    } catch (error) {
      const isGood = error instanceof LimbeckError && error.code !== 'internal' && /^\S.{15,}\.?/s.test(error.message);
      if (!isGood)
        found.push(
          `${i} (${typeof one === 'symbol' ? 'symbol' : Object.prototype.toString.call(one)}): ${String((error as Error)?.stack ?? error).slice(0, 300)}`,
        );
    }
  }
  return found;
}

const flip = (json: string) => damaged(new TextEncoder().encode(json), 60);

describe.each<[string, () => readonly unknown[], (one: never) => unknown]>([
  ['fromOnnx', () => damaged(given.onnx, 60), (one) => fromOnnx(one)],
  ['quantize', () => damaged(given.onnx, 60), (one) => quantize(one, { to: 'dynamic-int8', ...HERE }).done],
  [
    'quantize to halves',
    () => damaged(given.onnx, 60),
    (one) => quantize(one, { to: 'float16', float16: 'graph', ...HERE }).done,
  ],
  ['readBundle', () => damaged(given.bundle, 60), (one) => readBundle(one)],
  [
    'fromSafetensors',
    () => damaged(given.safe, 60),
    (one: unknown) => (one instanceof Uint8Array ? fromSafetensors(one, { into: given.student }) : undefined),
  ],
  [
    'artifactsFromFiles',
    () => flip(given.json),
    (one) => artifactsFromFiles({ 'model.json': one, 'weights.bin': given.bin }),
  ],
  [
    'toOnnx of a damaged topology',
    () => flip(given.json),
    async (one) =>
      toOnnx(studentFromArtifacts('x', artifactsFromFiles({ 'model.json': one, 'weights.bin': given.bin }))),
  ],
  [
    'loadStudent of a bundle',
    () => damaged(given.bundle, 15),
    async (one) => (await loadStudent(one, { ...HERE, engine: 'tfjs' }))[Symbol.asyncDispose](),
  ],
  [
    'loadStudent of ONNX',
    () => damaged(given.onnx, 15),
    async (one) => (await loadStudent(one, HERE))[Symbol.asyncDispose](),
  ],
])('%s', (_, made, work) => {
  test('of damaged bytes', async () => {
    expect(await faults(made(), work)).toEqual([]);
  });

  test('of something else', async () => {
    expect(await faults(WRONG, work)).toEqual([]);
  });
});

test.each<[string, (options: never) => unknown]>([
  ['toOnnx', (options) => toOnnx(given.student, options)],
  ['quantize', (options) => quantize(given.onnx, options).done],
  ['fromOnnx', (options) => fromOnnx(given.onnx, options)],
  ['toBundle', (options) => toBundle(given.student, options)],
  ['toTfjs', (options) => toTfjs(given.student, options)],
  ['toSafetensors', (options) => toSafetensors(given.student, options)],
  ['fromSafetensors', (options) => fromSafetensors(given.safe, options)],
  ['loadStudent', (options) => loadStudent(given.onnx, { ...HERE, ...(options as object) })],
])('%s with options that are none', async (_, work) => {
  const wrong = [null, 3, 'text', { optset: 17 }, { labels: 3 }, { name: 3 }, { to: 'int2' }];
  expect(await faults(wrong, work)).toEqual([]);
});

test('quantize ends where it is stopped, whenever that is', async () => {
  const random = seededRandom(3);
  const reasons: (string | undefined)[] = [];
  for (let i = 0; i < 8; i++) {
    const stop = new AbortController();
    const options: QuantizeOptions = { to: i % 2 ? 'int4' : 'float16', signal: stop.signal, ...HERE };
    const run = quantize(given.onnx, options);
    if (i === 0) stop.abort();
    else setTimeout(() => stop.abort(), 8 * random());
    reasons.push(
      await run.done.then(
        () => undefined,
        (error: Error) => error.name,
      ),
    );
  }
  // At once it cannot be done already; later it may be.
  expect(reasons[0]).toBe('AbortError');
  expect(reasons.filter((reason) => reason !== undefined && reason !== 'AbortError')).toEqual([]);
});
