import { join } from 'node:path';

export default {
  name: 'vite-7',
  title: 'Vite 7',
  packages: 'root',
  async run({ copyProject, folder, checkBuilt }) {
    const { build } = await import('vite');
    await build({ root: copyProject('app'), base: './', configFile: false, logLevel: 'error' });
    await checkBuilt(join(folder, 'dist'));
    return 'nothing';
  },
};
