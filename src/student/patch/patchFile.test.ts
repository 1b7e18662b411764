import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromHalves, toHalves } from '../../core/halves.ts';
import { added, lowRank } from '../cases/patchCases.ts';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.ts';
import type { Patch } from './patch.ts';
import { patchBytes, patchFromBytes, patchToBytes } from './patchFile.ts';

const code = (name: string) => expect.objectContaining({ code: name });

const plainPatch: Patch = {
  name: 'küche "2" 🍳',
  version: 3,
  base: '0123456789abcdef'.repeat(4),
  method: 'lora',
  changes: [],
};
const full: Patch = {
  ...plainPatch,
  labels: ['a,b', '"', '\ud800', ''],
  classes: 4,
  changes: [
    lowRank('a.left/kernel', [2, 3, 5], 2, 1),
    added('b', [], 4),
    added('c.delta', [3], 5),
    lowRank('memory', [4], 1, 3),
  ],
  memory: {
    features: Float32Array.of(1, -2, 3e38, 1e-45, 0.1, 6),
    labels: Int32Array.of(3, 0, 1),
    k: 2,
    temperature: 0.1 + 0.2,
  },
};

describe('a patch', () => {
  test.each([
    ['of nothing', plainPatch],
    ['of everything', full],
  ])('%s comes back from its file as it was, in the bytes that were told', async (_, patch) => {
    const bytes = await patchToBytes(patch);
    expect(await patchFromBytes(bytes)).toEqual(patch);
    expect(await patchToBytes(await patchFromBytes(bytes))).toEqual(bytes);
    expect(patchBytes(patch)).toBe(bytes.length);
    const larger = new Uint8Array(bytes.length + 5);
    larger.set(bytes, 3);
    expect(await patchFromBytes(larger.subarray(3, bytes.length + 3))).toEqual(patch);
  });

  test('in halves is rounded to them, and takes about half the room', async () => {
    const change = added('a', [300], 1);
    const patch = { ...plainPatch, changes: [change] };
    const bytes = await patchToBytes(patch, { precision: 'float16' });
    expect(await patchFromBytes(bytes)).toEqual({
      ...patch,
      changes: [{ ...change, delta: fromHalves(toHalves(change.delta)) }],
    });
    expect(patchBytes(patch, { precision: 'float16' })).toBe(bytes.length);
    expect(patchBytes(patch) - bytes.length).toBe(600);
    await expect(patchToBytes(full, { precision: 'float16' })).rejects.toThrow(code('not-finite'));
  });

  test('of rank 4 for the cnn takes at most 20,000 bytes', () => {
    const changes = [
      lowRank('conv_1/kernel', [3, 3, 1, 16], 4, 1),
      lowRank('conv_2/kernel', [3, 3, 16, 32], 4, 2),
      lowRank('dense/kernel', [800, 64], 4, 3),
      lowRank('logits/kernel', [64, 10], 4, 4),
    ];
    const patch = { ...plainPatch, labels: Array.from({ length: 10 }, (_, i) => `digit ${i}`), changes };
    expect(patchBytes(patch)).toBeLessThanOrEqual(20_000);
    expect(patchBytes(patch)).toBeGreaterThan(4 * 4556);
    expect(patchBytes(patch, { precision: 'float16' })).toBeLessThanOrEqual(11_000);
  });

  test('is refused where it does not hold together', async () => {
    const change = lowRank('a', [2, 3], 1, 1);
    const bad: readonly unknown[] = [
      null,
      { ...full, version: 0 },
      { ...full, base: 'abc' },
      { ...full, name: undefined },
      { ...full, labels: ['a'] },
      { ...full, labels: [1, 2, 3, 4] },
      { ...full, classes: 3.5 },
      { ...full, classes: 3, labels: undefined },
      { ...full, changes: undefined },
      { ...full, changes: [null] },
      { ...full, changes: [change, change] },
      { ...full, changes: [{ ...change, rank: 2 }] },
      { ...full, changes: [{ ...change, shape: [] }] },
      { ...full, changes: [{ ...change, shape: [2, -3] }] },
      { ...full, changes: [{ ...change, kind: 'other' }] },
      { ...full, changes: [{ ...change, left: [1, 2] }] },
      { ...full, changes: [{ ...added('a', [2], 1), delta: Float32Array.of(1, Number.NaN) }] },
      { ...full, memory: { ...full.memory, labels: new Int32Array(0) } },
      { ...full, memory: { ...full.memory, labels: Int32Array.of(0, 1), features: new Float32Array(3) } },
      { ...full, memory: { ...full.memory, labels: Int32Array.of(0, 1, -1) } },
      { ...full, memory: { ...full.memory, k: 0 } },
      { ...full, memory: { ...full.memory, temperature: Number.POSITIVE_INFINITY } },
    ];
    for (const patch of bad) await expect(patchToBytes(patch as Patch)).rejects.toThrow(code('patch-invalid'));
    await expect(patchToBytes(full, { precision: 'float64' } as never)).rejects.toThrow(code('invalid-option'));
    await expect(patchToBytes(full, { precison: 'float16' } as never)).rejects.toThrow(code('invalid-option'));
  });
});

describe('bytes that are no patch', () => {
  let bytes: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    bytes = await patchToBytes(full);
  });

  test('are told: any byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = bytes.slice();
        (changed[at] as number) ^= flip;
        await expect(patchFromBytes(changed)).rejects.toThrow(code('patch-invalid'));
      }),
      { numRuns: 600, seed: 2 },
    );
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      (changed[at] as number) ^= 0x20;
      await expect(patchFromBytes(changed), `byte ${at}`).rejects.toThrow(code('patch-invalid'));
    }
  });

  test('are told: cut anywhere, and longer ones', async () => {
    for (let length = 0; length < bytes.length; length++) {
      await expect(patchFromBytes(bytes.subarray(0, length))).rejects.toThrow(code('patch-invalid'));
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    await expect(patchFromBytes(longer)).rejects.toThrow(code('patch-invalid'));
  });

  test('are told: anything else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (noise) => {
        await expect(patchFromBytes(noise)).rejects.toThrow(code('patch-invalid'));
      }),
      { numRuns: 200, seed: 3 },
    );
    await expect(patchFromBytes('bytes' as never)).rejects.toThrow(code('invalid-option'));
  });

  test('are told: a safetensors file of something else, of a later version, or written again', async () => {
    const { tensors, metadata } = readSafetensors(bytes);
    const { format: _, ...foreign } = metadata;
    const files = [
      { tensors },
      { tensors, metadata: foreign },
      { tensors, metadata: { ...metadata, formatVersion: '2' } },
      { tensors, metadata: { ...metadata, name: 'other' } },
      { tensors, metadata: Object.fromEntries(Object.entries(metadata).reverse()) },
    ];
    for (const file of files)
      await expect(patchFromBytes(writeSafetensors(file))).rejects.toThrow(code('patch-invalid'));
    await expect(patchFromBytes(writeSafetensors(files[2] as never))).rejects.toThrow('update limbeck');
  });
});
