// What a browser loads names nothing of Node's: bundlers that read dist/ once more would ask for modules of Node, or carry polyfills.
import { transform } from 'esbuild';

/** Emscripten's glue and seedrandom ask for these behind a test that a browser never passes. */
const MODULES = new Set(['crypto', 'fs', 'node-fetch', 'os', 'path', 'perf_hooks', 'util', 'worker_threads']);

/** Packages ask for these as globals, and find out whether they are there. */
const GLOBALS = {
  process: 'globalThis.process',
  Buffer: 'globalThis.Buffer',
  __filename: 'undefined',
  __dirname: 'undefined',
};

const OPTIONS = { target: 'es2022', logLevel: 'silent' };

/** A Rollup plugin for the packages that are bundled; limbeck's own code names none of these. */
export function withoutNode() {
  return {
    name: 'without-node',
    resolveId: (id) => (MODULES.has(id) ? '\0no-node-module' : null),
    load: (id) => (id === '\0no-node-module' ? 'export default {};' : null),
    async transform(code, id) {
      if (!/node_modules/.test(id) || !/\b(process|Buffer|require|__(file|dir)name)\b/.test(code)) return null;
      // In a CommonJS file `require` is how it imports.
      const define = /^(import|export)\b/m.test(code) ? { ...GLOBALS, require: 'globalThis.require' } : GLOBALS;
      return { code: (await transform(code, { define, ...OPTIONS })).code, map: null };
    },
  };
}

/** Names of Node's globals that a script uses as such. */
export async function globalsIn(code) {
  const names = [...Object.keys(GLOBALS), 'require'];
  const define = Object.fromEntries(names.map((name) => [name, `FREE_${name}`]));
  const { code: marked } = await transform(code, { define, ...OPTIONS });
  return names.filter((name) => marked.includes(`FREE_${name}`));
}
