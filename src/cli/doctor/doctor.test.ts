import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERSIONS } from '../../core/versions.ts';
import { runLine } from '../commandCases.ts';
import type { Finding } from './finding.ts';

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const WASM = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const text = (body: string) => new TextEncoder().encode(body);
/** Rings, clears the screen, starts a line of its own. */
const EVIL = '\u0007\u001b[2J\nok  all is well';

type Served = Readonly<
  Record<string, { body?: Uint8Array | string; status?: number; headers?: Record<string, string> }>
>;

let address = '';
let files: Served = {};
let asked: { path: string; headers: NodeJS.Dict<string | string[]> }[] = [];
const server = createServer((request, response: ServerResponse) => {
  const path = request.url ?? '';
  asked.push({ path, headers: request.headers });
  const { body = 'not there', status = 200, headers = {} } = files[path] ?? { status: 404 };
  response.writeHead(status, { 'content-type': 'text/html', ...headers });
  response.end(body);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => void server.close());

async function examine(served: Served, ...more: readonly string[]) {
  files = served;
  asked = [];
  const { code, out, error } = await runLine(['doctor', '--no-browser', '--json', ...more, `${address}/`]);
  const { findings, cures } = JSON.parse(out) as { findings: Finding[]; cures: Record<string, Record<string, string>> };
  const of = (level: Finding['level']) =>
    findings?.filter((one) => one.level === level).map(({ check, says }) => `${check}: ${says}`) ?? [];
  return { code, out, error, cures, changes: of('change'), notes: of('note'), fine: of('ok') };
}

const page = (scripts: string) => ({ '/': { body: `<!doctype html>${scripts}`, headers: ISOLATED } });
const js = (body: string) => ({
  body,
  headers: { 'content-type': 'text/javascript', 'cache-control': 'no-cache', ...ISOLATED },
});
const wasm = (body: Uint8Array, headers = {}) => ({
  body,
  headers: { 'content-type': 'application/wasm', etag: '"1"', ...headers },
});

describe('limbeck doctor URL', () => {
  test('finds the files that scripts and their imports name, and has nothing to say of good ones', async () => {
    const { code, fine, changes, notes } = await examine({
      ...page('<script type="module" src="/assets/index-abcdefgh.js"></script>'),
      '/assets/index-abcdefgh.js': js('import "./chunk.js"; import("./lazy.js")'),
      '/assets/chunk.js': js(
        'new URL("worker-abcdefgh.js", import.meta.url); "kernels-simd.wasm"; "./tfjs-backend-wasm-threaded.js"',
      ),
      '/assets/lazy.js': js('new URL("ort-wasm-simd-threaded.asyncify-abcdefgh.mjs", import.meta.url)'),
      '/assets/worker-abcdefgh.js': js('new URL("/assets/threads-abcdefgh.js", import.meta.url)'),
      '/assets/threads-abcdefgh.js': js('1'),
    });
    expect(changes).toEqual([]);
    expect(code).toBe(0);
    expect(fine).toContain('isolation: COOP same-origin, COEP require-corp: several threads');
    expect(fine).toContain('files: 2 files of limbeck found, with the right types');
    expect(notes).toEqual([expect.stringMatching(/asyncify\.mjs: HTTP 404 .* needed for a GPU only/)]);
    expect(asked.every(({ headers }) => headers.cookie === undefined && headers.authorization === undefined)).toBe(
      true,
    );
  });

  test('files of a wrong type, another version, no WebAssembly, a page in their place or missing must be changed', async () => {
    const names = [
      'kernels-simd',
      'kernels-relaxed',
      'tfjs-backend-wasm',
      'tfjs-backend-wasm-simd',
      'ort-wasm-simd-threaded',
    ];
    const { code, changes, cures } = await examine(
      {
        ...page(`<script>${names.map((name) => `"./${name}.wasm"`).join()}</script>`),
        '/kernels-simd.wasm': { body: WASM, headers: { 'content-type': 'application/octet-stream' } },
        '/kernels-relaxed.wasm': wasm(text('no code')),
        '/tfjs-backend-wasm.wasm': { body: '<!doctype html>' },
        '/ort-wasm-simd-threaded.wasm': wasm(WASM),
      },
      '--for',
      'nginx',
    );
    expect(code).toBe(1);
    expect(changes.sort()).toEqual([
      'MIME types: kernels-simd.wasm (/kernels-simd.wasm) comes as application/octet-stream; it must be application/wasm',
      'files: kernels-relaxed.wasm (/kernels-relaxed.wasm) is no WebAssembly',
      'files: tfjs-backend-wasm-simd.wasm: HTTP 404 at /tfjs-backend-wasm-simd.wasm',
      'files: tfjs-backend-wasm.wasm (/tfjs-backend-wasm.wasm) is answered with a page: the file is not there',
      expect.stringMatching(/^versions: ort-wasm-simd-threaded\.wasm .* must all come from one version$/),
    ]);
    expect(cures['mime']).toEqual({ nginx: expect.stringContaining('application/wasm wasm') });
  });

  test('a worker without the header of its isolated page, caches that keep old files, and what comes uncompressed', async () => {
    const large = new Uint8Array(60_000);
    large.set(WASM);
    const { changes, notes } = await examine({
      ...page('<script type="module" src="a.js"></script>'),
      '/a.js': js('"./worker.js"; "./kernels-simd.wasm"'),
      '/worker.js': {
        body: ' '.repeat(60_000),
        headers: { 'content-type': 'text/javascript', 'cache-control': 'max-age=31536000' },
      },
    });
    expect(changes).toEqual([
      expect.stringMatching(/^isolation: the page is isolated, and \/worker\.js lacks/),
      expect.stringMatching(/^files: kernels-simd/),
      expect.stringMatching(/^caching: \/worker\.js has no hash in its name/),
    ]);
    expect(notes).toContainEqual(expect.stringMatching(/^compression: 1 file of 60 kB/));
  });

  test('a hostile page steers no terminal, reaches no other host and is read to a limit', async () => {
    const { out, notes } = await examine({
      '/': {
        body: `<script src="http://127.0.0.2:9/kernels-simd.wasm"></script><script src="/${encodeURIComponent(EVIL)}.js"></script>"../../kernels-simd.wasm${EVIL}"`,
        headers: {
          server: 'nginx \t evil',
          'content-security-policy': `script-src 'self' ${encodeURIComponent(EVIL)}`,
        },
      },
    });
    expect(out).not.toMatch(/[^\P{C}\n]/u);
    expect(notes).toContainEqual(expect.stringMatching(/^files: none of limbeck's files/));
    const elsewhere = await examine({
      '/': { status: 302, headers: { location: 'http://127.0.0.2:9/secret?token=1' } },
    });
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.error).toMatch(/redirects to http:\/\/127\.0\.0\.2:9\/secret; give that address if you trust it/);
    expect((await examine({ '/': { status: 302, headers: { location: 'file:///etc/passwd' } } })).error).toMatch(
      /redirects to file:/,
    );
    expect((await examine({ '/': { status: 302, headers: { location: '/' } } })).error).toMatch(/more than 5 times/);
    expect((await examine({ '/': { body: ' '.repeat(5_100_000) } })).error).toMatch(/longer than 5 MB/);
    const moved = await examine({
      '/': { status: 301, headers: { location: '/app/?key=1#x' } },
      '/app/?key=1': { body: '' },
    });
    expect(moved.notes[0]).toMatch(/^redirect: http:.*\/ → http:.*\/app\/$/);
  });

  test.each([
    [['doctor'], /No file was given/],
    [['doctor', 'ftp://a.example/'], /no address/],
    [['doctor', 'http://me:secret@a.example/'], /user name or password/],
    [['doctor', '--for', 'apache', 'http://a.example/'], /--for was "apache"/],
  ])('%j ends with 2', async (line, message) => {
    const { code, error } = await runLine(line);
    expect(code).toBe(2);
    expect(error).toMatch(message);
    expect(error).not.toContain('secret');
  });
});

describe('limbeck doctor FOLDER', () => {
  const { peerDependencies: ranges } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [tfjs, ort] = [ranges['@tensorflow/tfjs-core'], ranges['onnxruntime-web']];
  const peerDependencies = { '@tensorflow/tfjs-core': tfjs, 'onnxruntime-web': ort, none: '1' };
  const peerDependenciesMeta = { none: { optional: true } };
  const json = (value: object) => text(JSON.stringify(value));
  const project = (more: Record<string, Uint8Array> = {}) => ({
    'app/package.json': json({ dependencies: { limbeck: '1' }, devDependencies: { vite: '7' } }),
    'app/node_modules/limbeck/package.json': json({ version: '1.0.0', peerDependencies, peerDependenciesMeta }),
    'app/node_modules/@tensorflow/tfjs-core/package.json': json({ version: VERSIONS.tfjs }),
    'app/node_modules/onnxruntime-web/package.json': json({ version: VERSIONS.onnxruntime }),
    'app/vite.config.ts': text(
      "server: { headers: { 'Cross-Origin-Embedder-Policy': '' } }, optimizeDeps: { exclude: ['limbeck'], include: ['@tensorflow/tfjs-core'] }",
    ),
    ...more,
  });
  const examineFolder = async (given: Record<string, Uint8Array>) => {
    const { code, out } = await runLine(['doctor', '--json', 'app'], given);
    const { findings } = JSON.parse(out) as { findings: Finding[] };
    const saysAt = (wanted: Finding['level']) =>
      findings.filter(({ level }) => level === wanted).map(({ says }) => says);
    return { code, says: saysAt('change'), notes: saysAt('note') };
  };

  test('a good project has nothing to change', async () => {
    expect(await examineFolder(project())).toEqual({ code: 0, says: [], notes: [] });
  });

  test('what Vite does not find by itself while developing is told, and how it does', async () => {
    const excluded = project({
      'app/vite.config.ts': text("optimizeDeps: { exclude: ['limbeck'] }"),
      'app/public/_headers': text('/*\n  Cross-Origin-Embedder-Policy: require-corp'),
    });
    expect((await examineFolder(excluded)).notes).toEqual([expect.stringMatching(/^Vite's .* does not find tfjs/)]);
    expect((await runLine(['doctor', 'app'], excluded)).out).toContain("include: ['@tensorflow/tfjs-core', ");
  });

  test('missing and wrong peers, two copies of tfjs, a missing exclusion and files without their neighbours are told', async () => {
    const { code, says } = await examineFolder({
      ...project({
        'app/node_modules/@tensorflow/tfjs-core/package.json': json({ version: '3.0.0' }),
        'app/node_modules/other/node_modules/@tensorflow/tfjs-core/package.json': json({ version: '4.0.0' }),
        'app/node_modules/onnxruntime-web/package.json': text('{'),
        'app/vite.config.ts': text(''),
        'app/public/limbeck/worker.js': text(''),
        'app/public/limbeck/kernels-simd.wasm': WASM,
      }),
    });
    expect(code).toBe(1);
    expect(says).toEqual([
      `@tensorflow/tfjs-core is 3.0.0; limbeck needs ${tfjs}`,
      `onnxruntime-web is missing; limbeck needs ${ort}`,
      expect.stringMatching(/^tfjs-core is there 2 times/),
      expect.stringMatching(/^Vite's configuration/),
      expect.stringMatching(/^public\/limbeck\/ has limbeck's worker without kernels-relaxed\.wasm/),
    ]);
  });

  test('no project at all is looked at too; a file is refused', async () => {
    expect((await runLine(['doctor', 'app'], { 'app/x.txt': text('') })).code).toBe(0);
    expect((await runLine(['doctor', 'x.txt'], { 'x.txt': text('') })).code).toBe(2);
    expect((await runLine(['doctor', 'nowhere'], {})).code).toBe(1);
  });
});
