import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, root } from '../../scripts/ensure.mjs';

const modules = join(root, 'places/peers/node_modules');

export default {
  name: 'lowest-peers',
  title: 'the lowest versions of the peers',
  packages: 'root',
  async run({ copyProject, folder, limbeck, layAssets, checkBuilt, teacherFile, run, log }) {
    ensurePackages('places/peers');
    const peers = Object.entries(JSON.parse(readFileSync(join(limbeck, 'package.json'), 'utf8')).peerDependencies);
    const versionOf = (name) => JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version;
    const lowest = peers.filter(([name]) => existsSync(join(modules, name)));
    for (const [name, range] of lowest) {
      if (!range.startsWith(`>=${versionOf(name)} `))
        throw new Error(`${name} ${versionOf(name)} is not the lowest of ${range}`);
    }
    const tfjs = versionOf('@tensorflow/tfjs-core');
    log(lowest.map(([name]) => `${name} ${versionOf(name)}`).join(', '));

    const { build } = await import('esbuild');
    const dist = join(folder, 'dist');
    await build({
      entryPoints: [join(copyProject('app', 'configured'), 'main.js')],
      outdir: dist,
      bundle: true,
      splitting: true,
      format: 'esm',
      logLevel: 'error',
      alias: Object.fromEntries(lowest.map(([name]) => [name, join(modules, name)])),
    });
    cpSync(join(folder, 'index.html'), join(dist, 'index.html'));
    await layAssets(join(dist, 'limbeck'));
    await checkBuilt(dist, { tfjs });

    // In Node, limbeck's own folder is where peers are looked for.
    copyProject('server');
    cpSync(teacherFile, join(folder, 'teacher.onnx'));
    const own = join(folder, 'node_modules');
    mkdirSync(own);
    cpSync(limbeck, join(own, 'limbeck'), { recursive: true });
    for (const name of ['@tensorflow', 'onnxruntime-web']) symlinkSync(join(modules, name), join(own, name));
    const said = await run(process.execPath, ['check.mjs'], { timeoutMs: 180_000 });
    const inNode = JSON.parse(said.trim().split('\n').at(-1));
    if (inNode.tfjs !== tfjs || !inNode.hasKernels) throw new Error(`Node took tfjs ${inNode.tfjs}: ${said}`);
    const web = versionOf('onnxruntime-web');
    // A thread carries limbeck's tfjs, and takes the onnxruntime-web that is installed.
    const named = inNode.versions.onnxruntime;
    if (named !== web) throw new Error(`the report names onnxruntime-web ${named}`);
    return `tfjs ${tfjs} and onnxruntime-web ${web}, in a page and in Node; all other rows have the highest`;
  },
};
