import { expect, test } from 'vitest';
import { formOf, nameOfFile } from './fileForm.ts';

test.each([
  ['PK\x03\x04', 'zip'],
  [' \n{"format":"layers-model"}', 'json'],
  ['\ufeff[1]', 'json'],
  ['<!doctype html>', 'page'],
  ['\b\b\x12\x07pytorch', 'onnx'],
  ['', 'onnx'],
] as const)('%j is %s', (text, form) => expect(formOf(new TextEncoder().encode(text))).toBe(form));

test.each([
  ['digits.limbeck', 'digits'],
  ['https://a.example/m/tiny.onnx', 'tiny'],
  ['models/net/model.json', 'net'],
  ['.\\models\\net\\model.json', 'net'],
  ['./model.json', 'student'],
  ['C#.onnx', 'C#'],
  ['', 'student'],
])('the model of %s is called %s', (path, name) => expect(nameOfFile(path)).toBe(name));
