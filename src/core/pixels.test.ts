import { expect, test } from 'vitest';
import { pixelsAsFloats } from './pixels.ts';
import { joinRows } from './rows.ts';

test('bytes become floats of 0…1, to the last bit', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const { data, shape } = pixelsAsFloats({ data: bytes, shape: [4, 64] });
  expect(data).toEqual(Float32Array.from(bytes, (byte) => byte / 255));
  expect(shape).toEqual([4, 64]);
});

test.each([{ data: Float32Array.of(3, 255) }, { data: Int32Array.of(3, 255) }])(
  '$data stay as they are',
  ({ data }) => {
    const array = { data, shape: [2] };
    expect(pixelsAsFloats(array)).toBe(array);
  },
);

test('rows of bytes and rows of floats are joined as floats of one scale', () => {
  const bytes = { data: Uint8Array.of(255, 0), shape: [1, 2] };
  const floats = { data: Float32Array.of(0.5, 0.25), shape: [1, 2] };
  expect(joinRows(bytes, floats)).toEqual({ data: Float32Array.of(1, 0, 0.5, 0.25), shape: [2, 2] });
  expect(joinRows(floats, bytes)).toEqual({ data: Float32Array.of(0.5, 0.25, 1, 0), shape: [2, 2] });
  expect(joinRows(bytes, bytes).data).toEqual(Uint8Array.of(255, 0, 255, 0));
});
