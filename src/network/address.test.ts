import { expect, test } from 'vitest';
import { fileNameOf } from './address.ts';

test.each([
  ['https://a.example/m/model.onnx?x=/y#/z', 'model.onnx'],
  ['https://a.example', ''],
  ['https://a.example/m/', ''],
])('the file of %s is called %j', (address, name) => {
  expect(fileNameOf(address)).toBe(name);
});
