import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenBackend } from '../../../runtime/backends/backend.ts';
import { openBackendHere } from '../../../runtime/backends/open.ts';
import { backendOptions } from '../../../runtime/cases/assetCases.ts';
import { expectNoTensorsLeft } from '../../../runtime/cases/tensorsLeftCases.ts';
import type { GpuAnswers } from '../../../runtime/gpu.ts';
import * as tf from '../../../runtime/tf.ts';
import { openColocatedReader } from './colocated.ts';

const SIZE = 6;
let backend: OpenBackend;
beforeAll(async () => {
  backend = await openBackendHere(backendOptions('cpu'));
});
expectNoTensorsLeft();
afterAll(() => backend.dispose());

/** Says of example i that its logits are [i, -i]; keeps account of what it gave. */
function countingTeacher() {
  const asked: number[][] = [];
  const released: number[] = [];
  return {
    asked,
    released,
    async askOnGpu(inputs: Record<string, { data: ArrayLike<number> }>): Promise<GpuAnswers> {
      const examples = Array.from(inputs['x']?.data ?? []);
      const call = asked.push(examples) - 1;
      return {
        arrays: {},
        read: (at) => ({ logits: at.tensor2d(examples.map((i) => [i, -i])) }),
        release: () => void released.push(call),
      };
    },
  };
}

function batchOf(indices: number[]) {
  return { inputs: { x: { data: Float32Array.from(indices), shape: [indices.length] } }, teacher: {} };
}

/** Reads batches as a loop does, one ahead, and gives what the loss would see of each. */
async function learn(reader: ReturnType<typeof openColocatedReader>, batches: number[][]): Promise<number[][]> {
  const seen: number[][] = [];
  const read = (indices: number[]) => reader.withAnswers(batchOf(indices), Int32Array.from(indices));
  let next = read(batches[0] as number[]);
  for (let step = 1; step <= batches.length; step++) {
    const { onGpu } = await next;
    const following = batches[step];
    if (following !== undefined) next = read(following);
    seen.push(tf.tidy(() => Array.from(onGpu?.tensors()['logits']?.dataSync() ?? [])));
    await next;
    onGpu?.done();
  }
  return seen;
}

const logits = (indices: number[]) => indices.flatMap((i) => [i, i === 0 ? -0 : -i]);

describe('a reader of a teacher on the GPU', () => {
  test('asks about each example once; later epochs get the kept rows', async () => {
    const teacher = countingTeacher();
    const reader = openColocatedReader(teacher, SIZE);
    const epochs = [
      [
        [4, 2],
        [0, 5],
        [1, 3],
      ],
      [
        [5, 4],
        [3, 2],
        [1, 0],
      ],
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ];
    for (const batches of epochs) expect(await learn(reader, batches)).toEqual(batches.map(logits));
    expect(teacher.asked).toEqual(epochs[0]);
    expect(reader.usage()).toEqual({ calls: 3, computed: 6 });
    await reader.release();
    expect([...teacher.released].sort()).toEqual([0, 1, 2]);
  });

  test('keeps a single batch as it is', async () => {
    const teacher = countingTeacher();
    const reader = openColocatedReader(teacher, 2);
    for (const batch of [
      [1, 0],
      [0, 1],
    ])
      expect(await learn(reader, [batch])).toEqual([logits(batch)]);
    expect(teacher.asked.length).toBe(1);
    await reader.release();
  });

  test('asks in every epoch if the answers do not fit, and frees them along the way', async () => {
    const teacher = countingTeacher();
    // Room for two batches of three.
    const reader = openColocatedReader(teacher, SIZE, 2 * 2 * 2 * 4);
    const batches = [
      [4, 2],
      [0, 5],
      [1, 3],
    ];
    for (let epoch = 0; epoch < 3; epoch++) expect(await learn(reader, batches)).toEqual(batches.map(logits));
    expect(teacher.asked.length).toBe(9);
    expect(teacher.released.length).toBeGreaterThanOrEqual(7);
    await reader.release();
    expect(new Set(teacher.released).size).toBe(9);
    expect(teacher.released.length).toBe(9);
  });

  test('frees answers that were requested and never used', async () => {
    const teacher = countingTeacher();
    const reader = openColocatedReader(teacher, SIZE);
    await reader.withAnswers(batchOf([0, 1]), Int32Array.of(0, 1));
    void reader.withAnswers(batchOf([2, 3]), Int32Array.of(2, 3));
    await reader.release();
    expect([...teacher.released].sort()).toEqual([0, 1]);
  });

  test('leaves a batch unchanged without a teacher', async () => {
    const reader = openColocatedReader(undefined, SIZE);
    const batch = batchOf([1]);
    expect(await reader.withAnswers(batch, Int32Array.of(1))).toBe(batch);
    await reader.release();
  });
});

test('an answer’s buffer is freed only after the next step was sent, as that may be the first to read it', async () => {
  const teacher = countingTeacher();
  const reader = openColocatedReader(teacher, SIZE);
  const read = (indices: number[]) => reader.withAnswers(batchOf(indices), Int32Array.from(indices));
  const first = await read([0, 1]);
  const second = await read([2, 3]);
  first.onGpu?.done();
  expect(teacher.released).toEqual([]);
  second.onGpu?.done();
  expect(teacher.released).toEqual([0, 1]);
  await reader.release();
});
