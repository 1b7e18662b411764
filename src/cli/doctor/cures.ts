import type { CureName, Place } from './finding.ts';

const ISOLATION = ['Cross-Origin-Opener-Policy: same-origin', 'Cross-Origin-Embedder-Policy: require-corp'] as const;
const CSP = "Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
const TRUSTED = "Content-Security-Policy: require-trusted-types-for 'script'; trusted-types limbeck";
const COPY = 'npx limbeck assets --to';
const IMMUTABLE = 'Cache-Control: public, max-age=31536000, immutable';
/** What limbeck imports on the page itself; Vite does not look for it in what it leaves out. */
const TFJS = ['core', 'layers', 'backend-cpu', 'backend-wasm'].map((part) => `'@tensorflow/tfjs-${part}'`).join(', ');

/** How a header gets into an answer, at each place; the first header is the example. */
function withHeaders(headers: readonly string[]): Record<Place, string> {
  const pairs = headers.map((header) => header.split(/: (.*)/s) as [string, string]);
  const literal = (join: string, each: (name: string, value: string) => string) =>
    pairs.map(([name, value]) => each(name, value)).join(join);
  const quoted = (text: string) => JSON.stringify(text);
  return {
    vite: `vite.config: server: { headers: { ${literal(', ', (name, value) => `${quoted(name)}: ${quoted(value)}`)} } }, and the same under preview; what serves the build must send them too`,
    next: `next.config: async headers() { return [{ source: '/:path*', headers: [${literal(', ', (key, value) => `{ key: ${quoted(key)}, value: ${quoted(value)} }`)}] }] }`,
    nginx: literal(' ', (name, value) => `add_header ${name} ${quoted(value)} always;`),
    netlify: `a file _headers beside index.html: "/*" and below it, indented, ${literal(' and ', (name, value) => `${name}: ${value}`)}`,
    pages: 'GitHub Pages sends no headers of yours',
  };
}

const isolation = withHeaders(ISOLATION);
const csp = withHeaders([CSP]);

/** What to do about a finding, at each place. */
export const CURES: Readonly<Record<CureName, Readonly<Record<Place, string>>>> = {
  isolation: {
    ...isolation,
    pages: `${isolation.pages}; a service worker of your own can add them to the page's answers`,
  },
  csp: {
    ...csp,
    pages:
      "the page's <meta http-equiv=\"Content-Security-Policy\">: add 'wasm-unsafe-eval' to script-src and worker-src 'self'",
  },
  'trusted-types': { ...withHeaders([TRUSTED]), pages: "the page's <meta>: add trusted-types limbeck" },
  mime: {
    vite: 'its servers know the types; a file that is missing is answered with index.html, so look whether it is there',
    next: 'files in public/ have their types; a file that is missing is answered with a page',
    nginx: 'include mime.types; and types { application/wasm wasm; text/javascript js mjs; }',
    netlify:
      'a file _headers: "/*.wasm" with Content-Type: application/wasm, "/*.mjs" with Content-Type: text/javascript; a redirect of "/*" to index.html answers missing files with a page',
    pages: 'its types are right; a file that is missing is answered with 404.html',
  },
  caching: {
    vite: `what serves the build: files under /assets/ have a hash in their name, so send ${IMMUTABLE}`,
    next: `files under /_next/static/ are cached already; for public/limbeck/ use headers() with Cache-Control: no-cache, or put the version into the folder's name`,
    nginx: `location /assets/ { add_header ${IMMUTABLE.replace(': ', ' "')}"; }`,
    netlify: `a file _headers: "/assets/*" with ${IMMUTABLE}`,
    pages: 'it sends max-age=600 always; nothing can be changed',
  },
  compression: {
    vite: 'what serves the build compresses, or vite-plugin-compression does beforehand',
    next: 'compress: true (the default) leaves application/wasm out: let the server in front compress it',
    nginx: 'gzip on; gzip_types application/wasm text/javascript; or gzip_static on;',
    netlify: 'it compresses by itself',
    pages: 'it compresses by itself, application/wasm too',
  },
  assets: {
    vite: "optimizeDeps: { exclude: ['limbeck'] } for its development server; vite build lays the files beside each other by itself",
    next: `${COPY} public/limbeck, and configure({ assets: '/limbeck/' })`,
    nginx: `${COPY} a folder that is served, again after each update, and configure({ assets }) with its address`,
    netlify: `${COPY} the published folder, and configure({ assets }) with its address`,
    pages: `${COPY} the published folder, and configure({ assets }) with its address; names with a leading _ need a file .nojekyll`,
  },
  prebundle: {
    vite: `vite.config: optimizeDeps: { exclude: ['limbeck'], include: [${TFJS}] }. Without the first its development server moves limbeck away from its files; without the second tfjs does not load on the page itself (limbeck/tfjs, worker: 'none', fromOnnx, toBundle)`,
    next: 'not needed',
    nginx: 'not needed',
    netlify: 'not needed',
    pages: 'not needed',
  },
  peers: {
    vite: 'install what package.json of limbeck names under peerDependencies; npm ls @tensorflow/tfjs-core shows who brings another copy',
    next: 'as for Vite',
    nginx: 'as for Vite',
    netlify: 'as for Vite',
    pages: 'as for Vite',
  },
};
