// Builds everything into dist/: kernels, library and worker, types, demo page with its data.
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { layDemoData } from './demoData.mjs';
import { layDemoWorker } from './demoWorker.mjs';
import { root, run, TSC } from './ensure.mjs';
import { publishTypes } from './publicTypes.mjs';

const bin = (name) => `node_modules/.bin/${name}`;

/** Runs a command in parallel with others; its output is shown if it fails. */
async function runBeside(command, args) {
  await promisify(execFile)(command, args, { cwd: root, maxBuffer: 2 ** 26 }).catch(({ message, stdout, stderr }) => {
    process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
    throw new Error(`${command} ${args.join(' ')} failed: ${message.split('\n')[0]}`);
  });
}

async function layKernelsAndTypes() {
  await runBeside('node', ['wasm/build.mjs', 'dist']);
  await runBeside('node', [TSC, '-p', 'tsconfig.build.json']);
  const { exports, peerDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  const entries = Object.values(exports).flatMap(({ types }) => (types ? [types.replace('./dist/types/', '')] : []));
  publishTypes('dist/types', entries, Object.keys(peerDependencies));
}

/** The schema of a benchmark's report, as the code that reads reports has it. */
async function layReportSchema() {
  const { outputFiles } = await build({
    ...{ entryPoints: ['src/bench/report/schema.ts'], bundle: true, format: 'esm', write: false },
  });
  const { REPORT_SCHEMA } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  await writeFile('dist/bench-report.schema.json', `${JSON.stringify(REPORT_SCHEMA, null, 2)}\n`);
}

await rm('dist', { recursive: true, force: true });
await Promise.all([runBeside(bin('rollup'), ['-c', '--silent']), layKernelsAndTypes()]);
run(bin('vite'), ['build', '-c', 'demo/vite.config.mjs'], { quiet: true });
await layReportSchema();
await layDemoData('dist/demo');
await layDemoWorker('dist/demo');
