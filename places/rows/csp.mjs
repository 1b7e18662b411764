import { join } from 'node:path';

/** No blob, no inline script, and workers of the page's own origin only. */
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:; " +
  "require-trusted-types-for 'script'; trusted-types limbeck";

export default {
  name: 'csp',
  title: 'a policy without `blob:`, with Trusted Types',
  packages: 'root',
  async run({ copyProject, folder, checkBuilt }) {
    const { build } = await import('vite');
    await build({ root: copyProject('app'), base: './', configFile: false, logLevel: 'error' });
    await checkBuilt(join(folder, 'dist'), { headers: () => ({ 'Content-Security-Policy': POLICY }) });
    return "`script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'`, and `trusted-types limbeck`";
  },
};
