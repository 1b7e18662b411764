import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

const PEERS = [
  '@tensorflow/tfjs-core/dist/tf-core.fesm.min.js',
  '@tensorflow/tfjs-layers/dist/tf-layers.fesm.min.js',
  '@tensorflow/tfjs-backend-cpu/dist/tf-backend-cpu.fesm.min.js',
  '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.fesm.min.js',
  'seedrandom/lib/alea.js',
];

export default {
  name: 'import-map',
  title: 'an import map',
  packages: 'root',
  async run({ copyProject, folder, limbeck, checkBuilt }) {
    copyProject('app', 'import-map');
    cpSync(join(limbeck, 'dist'), join(folder, 'limbeck'), { recursive: true });
    const { resolve } = createRequire(import.meta.url);
    for (const peer of PEERS) cpSync(resolve(peer), join(folder, 'peers', basename(peer)));
    await checkBuilt(folder);
    return 'names for tfjs and what it asks of Node, as below';
  },
};
