import { join } from 'node:path';
import { fromRoot } from '../../scripts/ensure.mjs';

export default {
  name: 'module-worker',
  title: 'a module worker of the page’s own',
  packages: 'root',
  async run({ copyProject, folder, checkBuilt }) {
    const { build } = await fromRoot('vite');
    const worker = { format: 'es' };
    await build({
      root: copyProject('app', 'module-worker'),
      base: './',
      configFile: false,
      logLevel: 'error',
      worker,
    });
    await checkBuilt(join(folder, 'dist'));
    return 'as on the page: workers of its own, and threads where the page is isolated';
  },
};
