import { expect, test } from 'vitest';
import type { Ort } from './ort.ts';
import { createSession, firstLine, isOutOfMemory, knownLength } from './ortSession.ts';

const refusing = (why: string) =>
  ({ InferenceSession: { create: () => Promise.reject(new Error(why)) } }) as unknown as Ort;

test.each([
  ['Failed to allocate memory for requested buffer of size 4', true],
  ['std::bad_alloc', true],
  ['Aborted(OOM)', true],
  ['no available backend found. ERR: [wasm] RangeError: could not allocate memory', true],
  ['memory access out of bounds', false],
  ["Got invalid dimensions for input: 'memory'", false],
  ['Non-zero status code returned while running Gather node. Name: Node (allocate)', false],
])('%s: %s', (why, expected) => expect(isOutOfMemory(why)).toBe(expected));

test.each([
  ['no available backend found', 'backend-unavailable', /must be served/],
  [
    'no available backend found. ERR: [wasm] Error: WebAssembly backend initializing failed due to timeout: 300000ms',
    ...(['backend-unavailable', /within 5 minutes.*threads: 1/] as const),
  ],
  ['memory access out of bounds', 'out-of-memory', /no room for the student "s"/],
  ['Nothing(1) is not a registered function/op', 'invalid-onnx', /^"s" \(3 bytes\).*has no such operator/],
  ['Protobuf parsing failed.', 'invalid-onnx', /Check that it was exported/],
])('what is not opened: %s', async (why, code, said) => {
  const opening = createSession(refusing(why), new Uint8Array(3), {}, { what: 'student', name: 's' });
  await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(said) });
});

test('lengths that are free, and the first line of a fault', () => {
  expect([3, 0, -1, 2 ** 32 - 1, 'batch'].map(knownLength)).toEqual([3, 0, null, null, null]);
  expect(firstLine(new Error('a fault \nsource.cc:7'))).toBe('a fault');
});
