import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSafetensors, type SafeTensor, type Safetensors, writeSafetensors } from './safetensors.ts';
import { safeValues } from './safeValues.ts';

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));
const invalid = (why: string) =>
  expect.objectContaining({ code: 'safetensors-invalid', message: expect.stringContaining(why) });

/** A file of this header and so many bytes of data. */
function fileOf(header: unknown, dataBytes = 8): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const floats = (from: number, to: number, shape = [(to - from) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [from, to],
});

describe('files of the format’s own writer', () => {
  test('are read with every element type', () => {
    const expected = JSON.parse(new TextDecoder().decode(golden('everyType.json'))) as Record<
      string,
      { shape: number[]; values: number[] }
    >;
    const { tensors, metadata } = readSafetensors(golden('everyType.safetensors'));
    expect([...tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
    expect(metadata).toEqual({});
    for (const [name, { shape, values }] of Object.entries(expected)) {
      const tensor = tensors.get(name) as SafeTensor;
      expect([name, tensor.shape]).toEqual([name, shape]);
      expect([name, Array.from(safeValues(tensor))]).toEqual([name, values.map(Math.fround)]);
    }
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype)).size).toBe(15);
  });

  test.each(['plain.safetensors', 'torchNet.safetensors', 'everyType.safetensors'])(
    '%s is written again byte for byte',
    (name) => {
      const bytes = golden(name);
      expect(writeSafetensors(readSafetensors(bytes))).toEqual(bytes);
    },
  );

  test('may lie anywhere in a larger buffer', () => {
    const bytes = golden('plain.safetensors');
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    const [a, b] = [bytes, larger.subarray(3)].map((one) => readSafetensors(one).tensors.get('dense/kernel'));
    expect(safeValues(a as SafeTensor)).toEqual(safeValues(b as SafeTensor));
  });
});

test('unsigned 64 and 32 bits, and an E4M3 of the largest exponent', () => {
  const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer as ArrayBuffer);
  const of = (dtype: SafeTensor['dtype'], array: ArrayBufferView) =>
    Array.from(safeValues({ dtype, shape: [1], bytes: bytes(array) }));
  expect(of('U64', BigUint64Array.of(2n ** 63n))).toEqual([2 ** 63]);
  expect(of('U32', Uint32Array.of(2 ** 31))).toEqual([2 ** 31]);
  expect(of('U32', Uint32Array.of(7))).toEqual([7]);
  // By the tables of the OCP 8-bit specification.
  expect(of('F8_E4M3', Uint8Array.of(0x7e, 0xf8, 0x7f, 0x01))).toEqual([448, -256, Number.NaN, 2 ** -9]);
});

test('the header is filled up to eight bytes, and the widest elements come first', () => {
  const tensors: Safetensors['tensors'] = new Map([
    ['a', { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) }],
    ['b', { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) }],
    ['c', { dtype: 'I64', shape: [0], bytes: new Uint8Array(0) }],
  ]);
  const file = writeSafetensors({ tensors });
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(file.length).toBe(8 + length + 7);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  expect(Object.keys(header)).toEqual(['c', 'b', 'a']);
  expect(header.a.data_offsets).toEqual([4, 7]);
  expect(writeSafetensors({ tensors: new Map() }).length).toBe(16);
});

describe('a file is refused', () => {
  test.each<[string, Uint8Array, string]>([
    ['that is empty', new Uint8Array(0), 'has 0 bytes'],
    ['with a header beyond its end', fileOf('{}', 0).subarray(0, 9), 'goes beyond'],
    ['with a header of many gigabytes', new Uint8Array(16).fill(255), 'longer than 100 MB'],
    ['whose header is no JSON', fileOf('{"a":', 0), 'no JSON'],
    ['whose header is no text', fileOf('{"\u0000', 0).fill(0xff, 9, 10), 'no JSON'],
    ['whose header is a list', fileOf('[]', 0), 'begin with "{"'],
    ['whose header begins with a space', fileOf(' {}', 0), 'begin with "{"'],
    [
      'with a key twice',
      fileOf(`{"a":${JSON.stringify(floats(0, 4))},"\\u0061":${JSON.stringify(floats(4, 8))}}`),
      '"a" twice',
    ],
    [
      'with a field twice',
      fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}'),
      '"dtype" twice',
    ],
    ['with an unknown type', fileOf({ a: { ...floats(0, 8), dtype: 'F4' } }), '"F4"'],
    ['with a type that every object has', fileOf({ a: { ...floats(0, 8), dtype: 'constructor' } }), '"constructor"'],
    ['with an entry of null', fileOf({ a: null }), '"a" is of the type'],
    ['with a negative length', fileOf({ a: floats(0, 8, [-2]) }), 'no list of lengths'],
    ['with a length of text', fileOf({ a: { ...floats(0, 8), shape: '2' } }), 'no list of lengths'],
    ['with lengths whose product is huge', fileOf({ a: floats(0, 8, [2 ** 50, 2 ** 50]) }), 'its place has 8'],
    ['with one position', fileOf({ a: { ...floats(0, 8), data_offsets: [0] } }), 'no two positions'],
    [
      'with positions the wrong way round',
      fileOf({ a: { ...floats(0, 8), data_offsets: [8, 0] } }),
      'its place has -8',
    ],
    ['with a place that does not suit its shape', fileOf({ a: floats(0, 8, [3]) }), 'needs 12 bytes'],
    ['with a place beyond the end', fileOf({ a: floats(0, 8), b: floats(8, 16) }), '"b" ends at 16'],
    ['with tensors that overlap', fileOf({ a: floats(0, 8), b: floats(4, 12) }, 12), '"b" begins at 4, inside'],
    ['with a gap', fileOf({ a: floats(0, 4), b: floats(8, 12) }, 12), 'the bytes 4 to 8'],
    ['with bytes at its end', fileOf({ a: floats(0, 4) }), 'the last 4 bytes'],
    ['with metadata that is no text', fileOf({ __metadata__: { a: 1 }, b: floats(0, 8) }), 'no record of texts'],
    ['with metadata of null', fileOf({ __metadata__: null, b: floats(0, 8) }), 'no record of texts'],
  ])('%s', (_, bytes, why) => {
    expect(() => readSafetensors(bytes)).toThrow(invalid(why));
  });

  test('that was cut anywhere', () => {
    const bytes = golden('plain.safetensors');
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readSafetensors(bytes.subarray(0, length)), String(length)).toThrow(invalid(''));
    }
  });
});

test.each<[string, Parameters<typeof writeSafetensors>[0], string]>([
  ['too few bytes', { tensors: new Map([['a', { dtype: 'F32', shape: [2], bytes: new Uint8Array(4) }]]) }, 'needs 8'],
  [
    'a reserved name',
    { tensors: new Map([['__metadata__', { dtype: 'U8', shape: [0], bytes: new Uint8Array(0) }]]) },
    'may not',
  ],
  ['metadata of numbers', { tensors: new Map(), metadata: { a: 1 } as never }, 'no record of texts'],
])('%s: nothing is written', (_, file, why) => {
  expect(() => writeSafetensors(file)).toThrow(invalid(why));
});

test('names may be those that every object has', () => {
  const tensor: SafeTensor = { dtype: 'U8', shape: [1], bytes: Uint8Array.of(9) };
  const file = writeSafetensors({
    tensors: new Map([
      ['__proto__', tensor],
      ['toString', tensor],
    ]),
  });
  expect([...readSafetensors(file).tensors.keys()]).toEqual(['__proto__', 'toString']);
});
