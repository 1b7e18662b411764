import { cpSync } from 'node:fs';
import { join } from 'node:path';

export default {
  name: 'rollup',
  title: 'Rollup',
  packages: 'root',
  async run({ copyProject, folder, layAssets, checkBuilt }) {
    const [{ rollup }, { nodeResolve }, { default: commonjs }] = await Promise.all([
      import('rollup'),
      import('@rollup/plugin-node-resolve'),
      import('@rollup/plugin-commonjs'),
    ]);
    const input = join(copyProject('app', 'configured'), 'main.js');
    const bundle = await rollup({
      input,
      plugins: [nodeResolve({ browser: true }), commonjs()],
      onwarn: () => undefined,
    });
    const dist = join(folder, 'dist');
    await bundle.write({ dir: dist, format: 'es' });
    await bundle.close();
    cpSync(join(folder, 'index.html'), join(dist, 'index.html'));
    await layAssets(join(dist, 'limbeck'));
    await checkBuilt(dist);
    return '`limbeck assets --to …` and `configure({ assets })`';
  },
};
