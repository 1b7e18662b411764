import { cpSync } from 'node:fs';
import { join } from 'node:path';

export default {
  name: 'webpack-5',
  title: 'webpack 5',
  async run({ copyProject, folder, checkBuilt, log }) {
    const { default: webpack } = await import('webpack');
    const dist = join(folder, 'dist');
    const settings = {
      mode: 'production',
      context: copyProject('app'),
      entry: './main.js',
      output: { path: dist, filename: 'main.js' },
      // What it says about sizes is nobody's mistake.
      performance: false,
    };
    const stats = await new Promise((resolve, reject) => {
      webpack(settings, (error, done) => (error ? reject(error) : resolve(done)));
    });
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
    if (stats.hasWarnings()) log(stats.toString({ all: false, warnings: true }));
    cpSync(join(folder, 'index.html'), join(dist, 'index.html'));
    await checkBuilt(dist);
    return 'nothing';
  },
};
