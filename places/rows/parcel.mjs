import { join } from 'node:path';

export default {
  name: 'parcel',
  title: 'Parcel 2',
  async run({ copyProject, folder, bin, run, checkBuilt }) {
    copyProject('app', 'parcel');
    const dist = join(folder, 'dist');
    const args = [
      'build',
      'index.html',
      '--dist-dir',
      dist,
      '--public-url',
      './',
      '--no-scope-hoist',
      '--no-autoinstall',
      '--no-cache',
    ];
    await run(bin('parcel'), args);
    await checkBuilt(dist);
    return 'settings, as below';
  },
};
