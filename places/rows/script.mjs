import { cpSync } from 'node:fs';
import { join } from 'node:path';

export default {
  name: 'script',
  title: 'a plain module script',
  packages: 'root',
  async run({ copyProject, folder, limbeck, checkBuilt }) {
    copyProject('app', 'script');
    cpSync(join(limbeck, 'dist'), join(folder, 'limbeck'), { recursive: true });
    await checkBuilt(folder);
    return 'all that runs in limbeck’s workers; what runs on the page’s own thread needs an import map';
  },
};
