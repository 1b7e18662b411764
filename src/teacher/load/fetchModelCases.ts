import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type OnnxTensor, onnx, writeModel } from '../../onnx/model.ts';
import { type FetchModelOptions, fetchModel, type ModelSource } from './fetchModel.ts';

/** What a test's server does for one path. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ModelServer extends AsyncDisposable {
  readonly url: string;
  /** "GET /a.onnx", in the order of arrival. */
  readonly asked: string[];
  /** Changes or adds what a path answers. */
  on(path: string, handler: Handler): void;
  /** Ends it, so that from then on nobody answers. */
  close(): Promise<void>;
}

/** A server on loopback, for one test. */
export async function serveModels(handlers: Readonly<Record<string, Handler>> = {}): Promise<ModelServer> {
  const known = new Map(Object.entries(handlers));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const handler = known.get(request.url ?? '');
    if (handler !== undefined) return handler(request, response);
    response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    on: (path, handler) => void known.set(path, handler),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A server for each test of a file, which also takes back what a test did to globals and clocks. */
export function serverForEach(): ModelServer {
  let server: ModelServer;
  beforeEach(async () => {
    server = await serveModels();
  });
  afterEach(async () => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
    await server.close();
  });
  return {
    get url() {
      return server.url;
    },
    get asked() {
      return server.asked;
    },
    on: (path, handler) => server.on(path, handler),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Answers with bytes and their length. */
export function file(bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Handler {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length, ...headers });
    response.end(bytes);
  };
}

/** Answers 304 to who has this version. */
export function versioned(bytes: Uint8Array, etag: string): Handler {
  return (request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else file(bytes, { etag })(request, response);
  };
}

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
