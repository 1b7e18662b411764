import { expect, test } from 'vitest';
import { modelOf, node, tinyClassifier } from '../cases/tinyCases.ts';
import { onnx, writeModel } from '../model.ts';
import { onnxMetadata, onnxNodes } from './onnxMetadata.ts';
import { pixelInputs } from './pixelInputs.ts';

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

test('the nodes of a file are those that the whole reader finds, and tell ids from pixels', () => {
  const nodes = tinyClassifier().graph.node.map(({ opType, input, output }) => ({ opType, input, output }));
  expect(onnxNodes(model)).toEqual(nodes);
  expect(onnxNodes(Uint8Array.of(1, 2, 3))).toEqual([]);
  expect(pixelInputs(onnxNodes(model), ['x'])).toEqual(['x']);
  const cast = (to: bigint) =>
    onnxNodes(
      writeModel(
        modelOf({
          node: [
            node('Flatten', ['x'], ['flat']),
            node('Cast', ['flat'], ['c'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: to })] }),
            node('Identity', ['c'], ['y']),
          ],
        }),
      ),
    );
  expect(cast(7n)[1]?.to).toBe(7);
  expect(pixelInputs(cast(7n), ['x'])).toEqual([]);
  expect(pixelInputs(cast(10n), ['x'])).toEqual(['x']);
});
