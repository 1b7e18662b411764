import type { IncomingMessage, ServerResponse } from 'node:http';
import { LimbeckError, messageOf } from '../core/errors.ts';

/** A folder on loopback. */
export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};

/** Answers what is no file of the folder, by its decoded path; false where it is not its own. */
export type OwnAnswer = (path: string, request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** With what threads need, and kept nowhere. */
export const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
};

/**
 * Serves the files of a folder on this machine only, with what threads need.
 * Throws    invalid-option: the port is taken or not allowed
 */
export async function serveFolder(folder: string, port: number, own: OwnAnswer = async () => false): Promise<Served> {
  const [{ createServer }, { realpath }] = await Promise.all([import('node:http'), import('node:fs/promises')]);
  const home = await realpath(folder);
  const server = createServer((request, response) => {
    answer(home, own, request, response).catch(() => refuse(response, 500));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const text = `--port ${port} cannot be used (${messageOf(error)}). Give another, or 0 for any that is free.`;
      reject(new LimbeckError('invalid-option', text, { cause: error }));
    });
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const bound = server.address() as { readonly port: number };
  return {
    url: `http://127.0.0.1:${bound.port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(home: string, own: OwnAnswer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [{ open, realpath }, { extname, join, sep }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
  ]);
  // A page elsewhere that calls itself by a name of this machine's address gets nothing.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) return refuse(response, 403);
  const path = pathOf(request.url ?? '');
  if (path === undefined) return refuse(response, 400);
  if (await own(path, request, response)) return;
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405);
  const place = await realpath(join(home, path.endsWith('/') ? `${path}index.html` : path)).catch(() => '');
  if (!place.startsWith(home + sep)) return refuse(response, 404);
  const file = await open(place).catch(() => undefined);
  if (file === undefined) return refuse(response, 404);
  try {
    const found = await file.stat();
    if (!found.isFile()) return refuse(response, 404);
    response.writeHead(200, {
      ...HEADERS,
      'Content-Type': TYPES[extname(place)] ?? 'application/octet-stream',
      'Content-Length': found.size,
    });
    response.end(request.method === 'HEAD' ? undefined : await file.readFile());
  } finally {
    await file.close();
  }
}

/** The decoded path; undefined where it is none. */
function pathOf(url: string): string | undefined {
  try {
    if (!/^\/(?![/\\])/.test(url)) return undefined;
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    return /[\p{Cc}\\]/u.test(path) ? undefined : path;
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  response.end(`${status}\n`);
}
