// A small static server for the built demo and for tests; with cross-origin isolation unless told otherwise.
import { createServer } from 'node:http';
import sirv from 'sirv';

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Serves a folder on loopback. `headers(pathname)` may add headers to single answers.
 * Gives { url, close }.
 */
export async function serve(folder, { port = 0, isIsolated = true, headers = () => ({}) } = {}) {
  const files = sirv(folder, {
    dev: true,
    setHeaders(response, pathname) {
      for (const [name, value] of Object.entries({ ...(isIsolated ? ISOLATION : {}), ...headers(pathname) })) {
        response.setHeader(name, value);
      }
    },
  });
  const server = createServer((request, response) =>
    files(request, response, () => {
      response.statusCode = 404;
      response.end('Not found');
    }),
  );
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
