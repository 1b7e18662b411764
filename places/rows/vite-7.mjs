import { join } from 'node:path';
import { fromRoot } from '../../scripts/ensure.mjs';

export default {
  name: 'vite-7',
  title: 'Vite 7',
  packages: 'root',
  async run({ copyProject, folder, checkBuilt }) {
    const { build } = await fromRoot('vite');
    await build({ root: copyProject('app'), base: './', configFile: false, logLevel: 'error' });
    await checkBuilt(join(folder, 'dist'));
    return 'nothing';
  },
};
