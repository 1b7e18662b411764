import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toHalves } from '../../../core/halves.ts';
import { addLowRank } from '../../../onnx/addLowRank.ts';
import { listWeights } from '../../../onnx/listWeights.ts';
import { onnx, readModel, writeModel } from '../../../onnx/model.ts';
import { runModel } from '../../../onnx/ortCases.ts';
import { storedData } from '../../../onnx/tensorData.ts';
import { floats, modelOf, node, value } from '../../../onnx/tinyCases.ts';
import * as tf from '../../../runtime/tf.ts';
import { buildStudent } from '../../../student/build.ts';
import { fromOnnx } from '../../../student/fromOnnx.ts';
import { addedBy } from '../../../student/patch/addedBy.ts';
import type { WeightChange } from '../../../student/patch/patch.ts';
import type { StudentArtifacts } from '../../../student/student.ts';
import { joinWeights, splitWeights } from '../../../student/weightBytes.ts';
import { mapWeights, toDelta, type WeightMap } from './weightMap.ts';

interface Case {
  readonly x: { readonly shape: number[]; readonly data: number[] };
  readonly y: { readonly shape: number[]; readonly data: number[] };
}

/** Models of PyTorch, made by scripts/golden/fromOnnx.py. */
const folder = new URL('../../../student/golden/fromOnnx/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('../fromOnnx.json', folder), 'utf8')) as Record<string, Case>;
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
const wave = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + seed));

const toStudent = async (bytes: Uint8Array) =>
  (await fromOnnx(bytes, { inputLayout: 'as-is' })).artifacts as StudentArtifacts;

async function mapOf(bytes: Uint8Array): Promise<WeightMap & { student: StudentArtifacts }> {
  const student = await toStudent(bytes);
  return { student, ...(await mapWeights(bytes, student, toStudent)) };
}

/** A change to each mapped weight: of rank 2 to one, whole to the next. */
function changesTo({ mapped, student }: WeightMap & { student: StudentArtifacts }): WeightChange[] {
  return mapped.map(({ weight, rowAt, columnAt }, i) => {
    const shape = student.weightSpecs.find(({ name }) => name === weight)?.shape as readonly number[];
    const [rows, columns] = [rowAt.length, columnAt.length];
    if (i % 2 === 1) return { kind: 'added', weight, shape, delta: wave(rows * columns, i).map((one) => one / 5) };
    const right = wave(2 * columns, i + 0.5).map((one) => one / 5);
    return { kind: 'low-rank', weight, shape, rank: 2, left: wave(rows * 2, i), right };
  });
}

function withChanges(student: StudentArtifacts, changes: readonly WeightChange[]): StudentArtifacts {
  const parts = splitWeights(student).map(({ name, bytes }) => {
    const change = changes.find(({ weight }) => weight === name);
    if (change === undefined) return bytes;
    const delta = addedBy(change);
    const values = new Float32Array(bytes.slice().buffer).map((one, i) => one + (delta[i] as number));
    return new Uint8Array(values.buffer);
  });
  return { ...student, weightData: joinWeights(parts) };
}

let backend: string;
beforeAll(async () => {
  backend = tf.getBackend();
  await tf.setBackend('cpu');
});
afterAll(async () => void (backend && (await tf.setBackend(backend))));

describe('what is added to the student’s weights is added to the file’s', () => {
  test.each(['cnn', 'mlp', 'depthwise', 'encoder', 'line', 'unet'])('%s', async (name) => {
    const { x } = golden[name] as Case;
    const bytes = bytesOf(name);
    const found = await mapOf(bytes);
    const changes = changesTo(found);
    const deltas = found.mapped.map((one, i) => toDelta(one, changes[i] as WeightChange));
    const isWhole = name === 'encoder';
    const data = isWhole ? BigInt64Array.from(x.data, BigInt) : Float32Array.from(x.data);
    const [before, after] = await Promise.all(
      [bytes, addLowRank(bytes, deltas)].map(async (file) => {
        const { y } = await runModel(file, { x: [data, x.shape] });
        return Array.from(y?.data as Float32Array);
      }),
    );
    const model = await buildStudent({ kind: 'artifacts', artifacts: withChanges(found.student, changes) }, 0);
    const given = tf.tidy(() => {
      const answer = model.predict(tf.tensor(x.data, x.shape, isWhole ? 'int32' : 'float32')) as tf.Tensor;
      return [...answer.dataSync()];
    });
    model.dispose();
    const most = Math.max(...given.map(Math.abs));
    const worst = (values: readonly number[] = []) =>
      Math.max(...given.map((one, i) => Math.abs(one - (values[i] as number))));
    expect(worst(after)).toBeLessThanOrEqual(1e-5 * Math.max(1, most));
    // What was added is seen: the files differ.
    expect(worst(before)).toBeGreaterThan(0.01);
  });
});

describe('the map of a model', () => {
  test('has all dense and plain convolutions, also through a Flatten that the student sorts otherwise', async () => {
    const { mapped, refused } = await mapOf(bytesOf('cnn'));
    expect(mapped.map(({ stored, weight }) => [stored.weight, weight])).toEqual([
      ['conv1.weight', 'conv1/kernel'],
      ['conv2.weight', 'conv2/kernel'],
      ['fc.weight', 'fc/kernel'],
    ]);
    expect(mapped.every(({ isTurned }) => isTurned)).toBe(true);
    const { rowAt } = mapped[2] as (typeof mapped)[number];
    // [8, 3, 2] of the model lies as [3, 2, 8].
    expect(Array.from(rowAt.subarray(0, 9))).toEqual([0, 6, 12, 18, 24, 30, 36, 42, 1]);
    expect(refused.size).toBe(0);
  });

  test('leaves out depthwise convolutions, and says why', async () => {
    const { mapped, refused } = await mapOf(bytesOf('depthwise'));
    expect([...refused.keys()]).toEqual(['depthwise.0.weight']);
    expect(refused.get('depthwise.0.weight')).toMatch(/depthwise/);
    expect(mapped).toHaveLength(5);
  });

  test('has grouped convolutions, and all matrices of an encoder', async () => {
    expect((await mapOf(bytesOf('line'))).mapped.map(({ stored }) => stored.weight)).toEqual([
      ...['first.weight', 'grouped.weight', 'dilated.weight', 'head.weight'],
    ]);
    const encoder = await mapOf(bytesOf('encoder'));
    expect(encoder.mapped.map(({ stored }) => stored.weight)).toEqual(
      listWeights(readModel(bytesOf('encoder'))).map(({ weight }) => weight),
    );
    expect(encoder.mapped.filter(({ isTurned }) => isTurned).map(({ stored }) => stored.weight)).toEqual([
      'head.weight',
    ]);
  });

  const numbers = Array.from(wave(9, 1));
  const alpha = onnx.attribute({ name: 'alpha', type: 1, f: 0.5 });
  const square = (fields: object) =>
    modelOf({ input: [value('x', ['B', 3])], output: [value('y', ['B', 3])], ...fields });

  test.each<[string, object, RegExp]>([
    [
      'a weight that two nodes read',
      {
        initializer: [floats('w', [3, 3], numbers)],
        node: [node('MatMul', ['x', 'w'], ['h']), node('MatMul', ['h', 'w'], ['y'])],
      },
      /several nodes/,
    ],
    [
      'a weight that is looked up too',
      {
        input: [value('x', ['B', 1], 7)],
        output: [value('y', ['B', 1, 3])],
        initializer: [floats('w', [3, 3], numbers)],
        node: [node('Gather', ['w', 'x'], ['h']), node('MatMul', ['h', 'w'], ['y'])],
      },
      /several layers/,
    ],
    [
      'a weight that is scaled',
      {
        initializer: [floats('w', [3, 3], numbers)],
        node: [node('Gemm', ['x', 'w'], ['y'], { attribute: [alpha] })],
      },
      /no layer|other numbers|mixed/,
    ],
  ])('leaves out %s', async (_, fields, why) => {
    const { mapped, refused } = await mapOf(writeModel(square(fields)));
    expect(mapped).toEqual([]);
    expect(refused.get('w')).toMatch(why);
  });

  test('has halves, and weights of a Constant through Transpose', async () => {
    const cast = (to: bigint) => ({ attribute: [onnx.attribute({ name: 'to', type: 2, i: to })] });
    const halves = square({
      initializer: [storedData('w', 'float16', [3, 3], toHalves(numbers))],
      node: [
        node('Cast', ['x'], ['half'], cast(10n)),
        node('MatMul', ['half', 'w'], ['h']),
        node('Cast', ['h'], ['y'], cast(1n)),
      ],
    });
    expect((await mapOf(writeModel(halves))).mapped).toMatchObject([{ stored: { weight: 'w' }, isTurned: false }]);
    const constant = square({
      node: [
        node('Constant', [], ['c'], {
          attribute: [onnx.attribute({ name: 'value', type: 4, t: floats('', [3, 3], numbers) })],
        }),
        node('Transpose', ['c'], ['t']),
        node('MatMul', ['x', 't'], ['y']),
      ],
    });
    const { mapped } = await mapOf(writeModel(constant));
    expect(mapped).toMatchObject([{ stored: { weight: 'c' }, isTurned: true }]);
  });
});
