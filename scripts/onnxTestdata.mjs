// Reads, checks and writes all models of Debian's libonnx-testdata, and has onnx itself compare what was written with
// what was read. The verdict, with the hash of all that was written, is src/onnx/golden/onnxTestdata.json; the models lie
// packed beside it, so that src/onnx/onnxTestdata.test.ts can read and write them again.
//   apt-get install libonnx-testdata python3-onnx && node scripts/onnxTestdata.mjs
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'onnx-testdata-'));
try {
  const { readModel, writeModel, checkModel } = await loadOnnx();
  const files = execFileSync('dpkg', ['-L', 'libonnx-testdata'], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => file.endsWith('.onnx') && statSync(file).isFile())
    .sort();
  const models = files.map((file, i) => {
    const bytes = new Uint8Array(readFileSync(file));
    const result = { file, written: join(folder, `${i}.onnx`), parseError: null, checkError: null };
    try {
      const model = readModel(bytes, file);
      writeFileSync(result.written, writeModel(model));
      result.checkError = errorOf(() => checkModel(model, { name: file, externalFiles: [] }));
    } catch (error) {
      result.parseError = String(error);
    }
    return result;
  });
  writeFileSync(join(folder, 'models.json'), JSON.stringify(models));
  const script = fileURLToPath(new URL('golden/onnxTestdata.py', import.meta.url));
  // Debian's onnx registers its operators twice and says so, a line each, on standard error.
  const python = spawnSync('/usr/bin/python3', [script, join(folder, 'models.json')], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (python.status !== 0) throw new Error(`onnxTestdata.py failed:\n${python.stderr.slice(-2000)}`);
  const [, version] = execFileSync('dpkg-query', ['-W', 'libonnx-testdata'], { encoding: 'utf8' }).trim().split('\t');
  const written = createHash('sha256');
  for (const model of models) written.update(readFileSync(model.written));
  const result = {
    package: `libonnx-testdata ${version}`,
    license: 'Expat (MIT), copyright Facebook, Inc., Microsoft Corporation, ONNX Project Contributors',
    ...JSON.parse(python.stdout),
    written: written.digest('hex'),
  };
  const target = join(root, 'src/onnx/golden/onnxTestdata');
  writeFileSync(`${target}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${target}.br`, packed(files));
  console.log(result);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A line of names and sizes, then the files behind each other: they are so alike that they shrink only together. */
function packed(files) {
  const all = files.map((file) => readFileSync(file));
  const names = files.map((file) => file.replace(/^.*\/data\//, ''));
  const head = `${JSON.stringify(names.map((name, i) => [name, all[i].length]))}\n`;
  const params = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
  return brotliCompressSync(Buffer.concat([Buffer.from(head), ...all]), { params });
}

async function loadOnnx() {
  const outfile = join(folder, 'onnx.mjs');
  const from = (file) => JSON.stringify(join(root, 'src/onnx', file));
  await build({
    stdin: {
      contents: `export * from ${from('model.ts')}; export * from ${from('check.ts')};`,
      resolveDir: root,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

function errorOf(action) {
  try {
    action();
    return null;
  } catch (error) {
    return String(error);
  }
}
