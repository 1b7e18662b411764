import { describe, expect, it, test } from 'vitest';
import { ndArray } from '../core/shape.ts';
import golden from './golden/npy.json' with { type: 'json' };
import { readNpy, writeNpy } from './npy.ts';

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

describe('readNpy', () => {
  test.each(Object.entries(golden.arrays))('%s, as numpy saves it', (_, { file, shape, values }) => {
    const array = readNpy(bytesOf(file));
    expect(array.shape).toEqual(shape);
    expect([...array.data]).toEqual(
      values.map((value) => (array.data instanceof Float32Array ? Math.fround(value) : value)),
    );
  });

  test.each(Object.entries(golden.refused))('%s is refused', (_, file) => {
    expect(() => readNpy(bytesOf(file), 'x.npy')).toThrow(/"x\.npy" cannot be read as a numpy array/);
  });

  it('refuses other files, and one that was cut', () => {
    const whole = bytesOf(golden.arrays.float32.file);
    expect(() => readNpy(new Uint8Array(4))).toThrow('does not begin');
    expect(() => readNpy(new Uint8Array(100))).toThrow('does not begin');
    expect(() => readNpy(whole.subarray(0, -1))).toThrow('its shape needs 12');
  });
});

describe('writeNpy', () => {
  it('writes what numpy writes, byte for byte', () => {
    const { file } = golden.arrays.float32;
    expect(writeNpy(ndArray(Float32Array.of(1.5, -2, 3.25), [1, 3]))).toEqual(bytesOf(file));
    expect(writeNpy(ndArray(Uint8Array.of(0, 255), [2]))).toEqual(bytesOf(golden.arrays.uint8.file));
    expect(writeNpy(ndArray(Float32Array.of(4), []))).toEqual(bytesOf(golden.arrays.scalar.file));
  });
});
