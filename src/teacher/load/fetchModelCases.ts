import { expect } from 'vitest';
import { type OnnxTensor, onnx, writeModel } from '../../onnx/model.ts';
import { type FetchModelOptions, fetchModel } from './fetchModel.ts';
import type { ModelSource } from './fetchModelSource.ts';

export {
  file,
  type Handler,
  type ModelServer,
  serveModels,
  serverForEach,
  versioned,
} from '../../network/serverCases.ts';

/** A small model; `tag` makes it another one, `length` makes it longer. */
export function modelOf(tag: string, { external = [], length = 16 }: { external?: string[]; length?: number } = {}) {
  const inner = onnx.tensor({ name: 'inner', dims: [BigInt(length)], dataType: 2, rawData: new Uint8Array(length) });
  const beside = external.map((location, i) => externalTensor(`w${i}`, location, 4));
  return writeModel(onnx.model({ irVersion: 8n, graph: { name: tag, initializer: [inner, ...beside] } }));
}

/** A tensor whose `bytes` bytes stand in another file. */
export function externalTensor(name: string, location: string, bytes: number): OnnxTensor {
  const pairs = { location, offset: '0', length: String(bytes) };
  return onnx.tensor({
    name,
    dims: [BigInt(bytes)],
    dataType: 2,
    dataLocation: 1,
    externalData: Object.entries(pairs).map(([key, value]) => ({ key, value })),
  });
}

/** What loading ends in: an error, as its code and its sentence. */
export async function failureOf(source: ModelSource, options?: FetchModelOptions) {
  const error = await fetchModel(source, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  return error as Error & { code: string; details: Record<string, unknown> };
}

/** A stream that gives parts one by one. */
export function streamOf(...parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const part = parts[next++];
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
  });
}
