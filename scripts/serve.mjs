// A small static server for the built demo and for tests; with cross-origin isolation unless told otherwise.
import { createServer } from 'node:http';
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
    setHeaders(response, pathname) {
      for (const [name, value] of Object.entries(headersFor(pathname))) response.setHeader(name, value);
    },
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = extra[pathname];
    if (file !== undefined) {
      response.writeHead(200, { 'Content-Type': file.type, ...headersFor(pathname) });
      response.end(file.body);
      return;
    }
    files(request, response, () => {
      response.statusCode = 404;
      response.end('Not found');
    });
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
