// A server on loopback, for tests; two of them are two origins.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, vi } from 'vitest';

/** What a test's server does for one path. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ModelServer extends AsyncDisposable {
  readonly url: string;
  /** "GET /a.onnx", in the order of arrival. */
  readonly asked: string[];
  /** With their headers. */
  readonly requests: IncomingMessage[];
  /** Changes or adds what a path answers. */
  on(path: string, handler: Handler): void;
  /** Ends it, so that from then on nobody answers. */
  close(): Promise<void>;
}

/** A server on loopback, for one test. */
export async function serveModels(handlers: Readonly<Record<string, Handler>> = {}): Promise<ModelServer> {
  const known = new Map(Object.entries(handlers));
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    requests.push(request);
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
    requests,
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
    get requests() {
      return server.requests;
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

/** A server that knows ranges; it sends the whole file up to `stopsAt`, and then nothing. */
export function ranged(bytes: Uint8Array, etag: string, stopsAt = bytes.length): Handler {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isRest = from > 0 && request.headers['if-range'] === etag;
    if (!isRest && stopsAt === bytes.length) return file(bytes, { etag })(request, response);
    const body = isRest ? bytes.subarray(from) : bytes;
    response.writeHead(isRest ? 206 : 200, {
      etag,
      'content-length': body.length,
      ...(isRest && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (isRest) response.end(body);
    else response.write(body.subarray(0, stopsAt));
  };
}
