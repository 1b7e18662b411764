// A small static server for the built demo and for tests; with cross-origin isolation unless told otherwise.
import { realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, sep } from 'node:path';
import sirv from 'sirv';

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Serves a folder on loopback. `headers(pathname)` may add headers to single answers, `extra` adds files that are not on
 * disk: { '/path': { type, body } }. Gives { url, close }.
 * @param {string} folder
 * @param {{ port?: number, isIsolated?: boolean, headers?: (pathname: string) => Record<string, string>,
 *   extra?: Record<string, { type: string, body: string }> }} options
 */
export async function serve(folder, { port = 0, isIsolated = true, headers = () => ({}), extra = {} } = {}) {
  const headersFor = (pathname) => ({ ...(isIsolated ? ISOLATION : {}), ...headers(pathname) });
  const files = sirv(folder, {
    dev: true,
    // A file with .gz behind its name, where there is one, for who takes it.
    gzip: true,
    setHeaders(response, pathname) {
      for (const [name, value] of Object.entries(headersFor(pathname))) response.setHeader(name, value);
    },
  });
  const home = realpathSync(folder);
  const refuse = (response, status) => {
    response.writeHead(status, { 'Content-Type': 'text/plain' });
    response.end(status === 400 ? 'Bad request' : 'Not found');
  };
  const server = createServer((request, response) => {
    const path = pathOf(request.url);
    if (path === undefined) return refuse(response, 400);
    const file = extra[path.pathname];
    if (file !== undefined) {
      response.writeHead(200, { 'Content-Type': file.type, ...headersFor(path.pathname) });
      return response.end(file.body);
    }
    if (!isInside(home, path.decoded)) return refuse(response, 404);
    // sirv takes every range as it stands, and Node throws for one that ends before it begins.
    const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (from === '' || (to !== '' && Number(to) < Number(from))) delete request.headers.range;
    return files(request, response, () => refuse(response, 404));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address();
  return {
    url: `http://127.0.0.1:${bound}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * The path that a request asks for, as it came and decoded; undefined where it is none: an address of its own, two slashes
 * in front, which a URL takes for a host, a broken "%", or bytes that no file name has.
 */
function pathOf(url) {
  try {
    if (!/^\/(?![/\\])/.test(url)) return undefined;
    const { pathname } = new URL(url, 'http://localhost');
    const decoded = decodeURIComponent(pathname);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return /[\u0000-\u001f\u007f\\]|(^|\/)\.\.(\/|$)/.test(decoded) ? undefined : { pathname, decoded };
  } catch {
    return undefined;
  }
}

/** Whether what sirv would find there, links followed, lies in the folder; what is not there does. */
function isInside(home, path) {
  const endings = ['', '.html', '.htm', '/index.html', '/index.htm', '/index'];
  return [...endings, ...endings.map((ending) => `${ending}.gz`)].every((ending) => {
    try {
      const place = realpathSync(join(home, path.replace(/\/$/, '') + ending));
      return place === home || place.startsWith(home + sep);
    } catch {
      return true;
    }
  });
}
