import { join } from 'node:path';

export default {
  name: 'vite-8',
  title: 'Vite 8',
  async run({ copyProject, folder, checkBuilt }) {
    const { build } = await import('vite');
    await build({ root: copyProject('app'), base: './', configFile: false, logLevel: 'error' });
    await checkBuilt(join(folder, 'dist'));
    return 'nothing';
  },
};
