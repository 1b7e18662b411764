// The models that onnx is tested with itself, held against what Python's onnx says of them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { checkModel } from './check/check.ts';
import golden from './golden/onnxTestdata.json' with { type: 'json' };
import { readModel, writeModel } from './model.ts';

const COMMAND = 'node scripts/onnxTestdata.mjs';

/** A line of names and sizes, then the files behind each other. */
function packedModels(): [name: string, bytes: Uint8Array][] {
  const packed = brotliDecompressSync(readFileSync(new URL('golden/onnxTestdata.br', import.meta.url)));
  let at = packed.indexOf('\n') + 1;
  const sizes = JSON.parse(packed.toString('utf8', 0, at)) as [name: string, size: number][];
  return sizes.map(([name, size]) => {
    at += size;
    return [name, new Uint8Array(packed.subarray(at - size, at))];
  });
}

test('every model of libonnx-testdata is accepted where onnx accepts it, and written as onnx has read it alike', () => {
  const models = packedModels();
  expect(models).toHaveLength(golden.models);
  const refused: string[] = [];
  const written = createHash('sha256');
  for (const [name, bytes] of models) {
    const model = readModel(bytes, name);
    try {
      checkModel(model, { name, externalFiles: [] });
    } catch {
      refused.push(name);
    }
    written.update(writeModel(model));
  }
  expect(refused).toEqual(golden.refusedByOnnx);
  // onnx read each of these bytes as it read the file that they were written from.
  expect(golden.equal).toBe(golden.models);
  expect(written.digest('hex'), `what is written is not what onnx has read; run ${COMMAND}`).toBe(golden.written);
});
