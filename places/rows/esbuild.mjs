import { cpSync } from 'node:fs';
import { join } from 'node:path';

export default {
  name: 'esbuild',
  title: 'esbuild',
  packages: 'root',
  async run({ copyProject, folder, layAssets, checkBuilt }) {
    const { build } = await import('esbuild');
    const dist = join(folder, 'dist');
    await build({
      entryPoints: [join(copyProject('app', 'configured'), 'main.js')],
      outdir: dist,
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      logLevel: 'error',
    });
    cpSync(join(folder, 'index.html'), join(dist, 'index.html'));
    await layAssets(join(dist, 'limbeck'));
    await checkBuilt(dist);
    return '`limbeck assets --to …` and `configure({ assets })`';
  },
};
