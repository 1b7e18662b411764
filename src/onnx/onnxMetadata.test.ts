import { expect, test } from 'vitest';
import { onnx, writeModel } from '../onnx/model.ts';
import { tinyClassifier } from '../onnx/tinyCases.ts';
import { onnxMetadata } from './onnxMetadata.ts';

const metadataProps = [
  { key: 'a', value: 'ünï' },
  { key: 'long', value: 'x'.repeat(1000) },
  { key: '__proto__', value: '' },
];
const model = writeModel({ ...tinyClassifier(), metadataProps: onnx.model({ metadataProps }).metadataProps });

test('is found behind everything else', () => {
  expect(Object.entries(onnxMetadata(model))).toEqual(metadataProps.map(({ key, value }) => [key, value]));
  expect(onnxMetadata(writeModel(tinyClassifier()))).toEqual({});
});

test('of bytes that are no model, or were cut, is what could be read', () => {
  for (let length = 0; length < model.length; length++) {
    expect(Object.keys(onnxMetadata(model.subarray(0, length))).length).toBeLessThan(4);
  }
  for (const byte of [0x00, 0x0a, 0x72, 0x7f, 0xff]) {
    expect(onnxMetadata(new Uint8Array(50).fill(byte))).toBeTypeOf('object');
  }
});
