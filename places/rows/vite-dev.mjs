import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from '../../scripts/ensure.mjs';

/** What limbeck imports where tfjs runs on the page's own thread. */
const TFJS = ['core', 'layers', 'backend-cpu', 'backend-wasm'].map((part) => `@tensorflow/tfjs-${part}`);
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default {
  name: 'vite-dev',
  title: 'the development server of Vite 7 and 8',
  async run({ copyProject, folder, teacherFile, onClose, checkPages, log }) {
    copyProject('app');
    cpSync(teacherFile, join(folder, 'public/teacher.onnx'));
    for (const { createServer, version } of [await fromRoot('vite'), await import('vite')]) {
      const start = async (headers) => {
        const server = await createServer({
          root: folder,
          configFile: false,
          logLevel: 'error',
          cacheDir: join(folder, `.vite-${version}`),
          optimizeDeps: { exclude: ['limbeck'], include: TFJS },
          // Here node_modules lies above the project.
          server: { host: '127.0.0.1', port: 0, hmr: false, headers, fs: { strict: false } },
        });
        await server.listen();
        onClose(() => server.close());
        return `http://127.0.0.1:${server.httpServer.address().port}/`;
      };
      log(`Vite ${version}`);
      await checkPages(await start(ISOLATION), await start({}));
    }
    return '`optimizeDeps`, as below';
  },
};
