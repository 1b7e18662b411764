// Builds everything into dist/: kernels, library and worker, types, demo page with its data.
import { rm } from 'node:fs/promises';
import { layDemoData } from './demoData.mjs';
import { run } from './ensure.mjs';

const bin = (name) => `node_modules/.bin/${name}`;

await rm('dist', { recursive: true, force: true });
run('node', ['wasm/build.mjs', 'dist'], { quiet: true });
run(bin('rollup'), ['-c', '--silent'], { quiet: true });
run(bin('tsc'), ['-p', 'tsconfig.build.json']);
run(bin('vite'), ['build', '-c', 'demo/vite.config.mjs'], { quiet: true });
await layDemoData('dist/demo');
