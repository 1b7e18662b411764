// How much memory is needed at the peak, in a process of its own for each line:
// - a segmentation net on limbeck's kernels and on onnxruntime-web, from opening to the third answer;
// - a training step of a student whose weights all learn, and of one of which the last block learns, whole or by `lora`.
//   node --experimental-wasm-relaxed-simd scripts/peakMemory.mjs [--size 1024] [--only teacher|step] [--source DIR] [--json FILE]
// `--source` names a folder with another version's `src`; `--json` adds what is not in the file yet under `--as NAME` (default 'now').
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = pathToFileURL(join(root, 'dist/')).href;
const { values: given } = parseArgs({
  options: Object.fromEntries(
    ['size', 'only', 'json', 'as', 'source', 'line', 'bundle'].map((name) => [name, { type: 'string' }]),
  ),
});
const size = Number(given.size ?? 1024);
const source = given.source ?? root;
const BATCH = 16;
const LINES = {
  teacher: ['kernels', 'wasm'],
  step: [
    'full',
    'full, recomputed',
    'last block',
    'lora, last block',
    'lora, all layers',
    'lora, all layers, recomputed',
  ],
};

if (given.line !== undefined) {
  const [kind, name] = given.line.split(':');
  const limbeck = await import(given.bundle);
  console.log(JSON.stringify(await { teacher: teacherBytes, step: stepBytes }[kind](limbeck, name)));
  process.exit(0);
}

const folder = mkdtempSync(join(root, 'node_modules/.peak-memory-'));
const result = {};
try {
  const bundle = await bundled();
  for (const [kind, names] of Object.entries(LINES)) {
    if (given.only !== undefined && given.only !== kind) continue;
    for (const name of names) {
      const line = `${kind}:${name}`;
      const words = [fileURLToPath(import.meta.url), '--line', line, '--bundle', bundle, '--size', `${size}`];
      const out = execFileSync(process.execPath, ['--experimental-wasm-relaxed-simd', ...words], {
        encoding: 'utf8',
        cwd: root,
      });
      result[line] = JSON.parse(out.trim().split('\n').at(-1));
      console.log(line, result[line]);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (given.json !== undefined) {
  const before = existsSync(given.json) ? JSON.parse(readFileSync(given.json, 'utf8')) : {};
  const name = given.as ?? 'now';
  const all = { ...before, [name]: { ...before[name], ...result } };
  writeFileSync(given.json, `${JSON.stringify(all, null, 2)}\n`);
}

/** Peak of the process beyond what it had when all was loaded, and of the heap that the engine works on. */
async function teacherBytes({ createOnnxSession, writeModel, readModel, onnx }, device) {
  const bytes = writeModel(readModel(writeModel(segmentation(onnx))));
  const before = statusBytes('VmRSS');
  const session = createOnnxSession();
  const files = { model: new Blob([bytes]), externalData: [] };
  await session.open(
    files,
    { name: 'segmentation', assetBase: device === 'wasm' ? ortAssets() : dist },
    { device, threads: 1 },
  );
  const x = { data: Float32Array.from({ length: 3 * size * size }, (_, i) => Math.sin(i)), shape: [1, 3, size, size] };
  const seen = [];
  let sum = 0;
  for (let run = 0; run < 3; run++) {
    const { y } = await session.run({ x });
    sum = y.data.reduce((total, value) => total + value, 0);
    seen.push(Math.round((statusBytes('VmHWM') - before) / 1e6));
  }
  await session.close();
  return { size, mbAfterRuns: seen, sum: Number(sum.toPrecision(5)) };
}

/** The most bytes that live on tfjs's heap at a time during six steps, weights and optimizer included. */
async function stepBytes(limbeck, asked) {
  const [name, recompute] = [asked.replace(', recomputed', ''), asked.endsWith(', recomputed')];
  const { tf } = limbeck;
  tf.setWasmPaths(join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist/'));
  await tf.setBackend('wasm');
  const peak = watchHeap(tf.backend().wasm);
  const backend = await limbeck.openBackendHere({ backend: 'wasm', threads: 1, assetBase: dist });
  const inputShape = [96, 96, 3];
  const student = limbeck.mobilenetV1({ inputShape, alpha: 0.25, classes: 10 });
  const model = await limbeck.buildStudent(await student.portable(), 1);
  const weighted = model.layers.filter((layer) => layer.weights.length > 0).map((layer) => layer.name);
  const adaptation = {
    full: undefined,
    'last block': { layers: weighted.slice(-5) },
    'lora, last block': { learns: 'low-rank', layers: weighted.slice(-5).filter((layer) => !/norm/i.test(layer)) },
    'lora, all layers': { learns: 'low-rank' },
  }[name];
  const own = limbeck.makeOptimizer(tf, { name: 'adam' });
  const part = limbeck.openAdaptation({ job: { adaptation, seed: 1, batchSize: BATCH }, model });
  const parts = [...(part === undefined ? [] : [part]), { recompute }];
  const { optimizer, ...steps } = limbeck.stepsWith(parts, own);
  const stepper = limbeck.openStepper({ model, optimizer, ...steps, loss: limbeck.crossEntropy() });
  for (let i = 0; i < 6; i++) {
    const data = Float32Array.from({ length: BATCH * 96 * 96 * 3 }, (_, at) => Math.sin(at + i));
    const labels = Int32Array.from({ length: BATCH }, (_, at) => (at + i) % 10);
    stepper.step({ inputs: { input: { data, shape: [BATCH, ...inputShape] } }, teacher: {}, labels }, `step ${i}`);
  }
  const result = { mb: Number((peak() / 1e6).toFixed(1)), isRecorded: stepper.time().length > 0, why: stepper.why };
  stepper[Symbol.dispose]();
  await backend.dispose();
  return result;
}

function watchHeap(wasm) {
  // Emscripten's functions replace themselves when they are called first.
  wasm._free(wasm._malloc(1));
  const { _malloc: malloc, _free: free } = wasm;
  const live = new Map();
  let [now, most] = [0, 0];
  wasm._malloc = (bytes) => {
    const address = malloc(bytes);
    live.set(address >>> 0, bytes);
    now += bytes;
    most = Math.max(most, now);
    return address;
  };
  wasm._free = (address) => {
    now -= live.get(address >>> 0) ?? 0;
    live.delete(address >>> 0);
    free(address);
  };
  return () => most;
}

function statusBytes(name) {
  const [, kb] = new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'));
  return 1024 * Number(kb);
}

/** An encoder and a decoder of five lengths with skips between them, as U-Net has, for 21 classes. */
function segmentation(onnx) {
  const [nodes, stored] = [[], []];
  let seed = 1;
  const attribute = (name, value) =>
    Array.isArray(value)
      ? onnx.attribute({ name, type: 7, ints: value.map(BigInt) })
      : onnx.attribute({ name, type: 3, s: new TextEncoder().encode(value) });
  const node = (opType, input, output, attributes = {}) => {
    const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
    nodes.push(onnx.node({ opType, input, output: [output], attribute: list }));
    return output;
  };
  const floats = (name, dims, values) => {
    const rawData = new Uint8Array(Float32Array.from(values).buffer);
    stored.push(onnx.tensor({ name, dims: dims.map(BigInt), dataType: 1, rawData }));
    return name;
  };
  const conv = (x, from, to, name, side = 3) => {
    const scale = Math.sqrt(2 / (side * side * from));
    const values = Array.from({ length: side * side * from * to }, () => scale * Math.sin(1.7 * seed++));
    const weights = [
      floats(`${name}w`, [to, from, side, side], values),
      floats(`${name}b`, [to], new Array(to).fill(0.1)),
    ];
    const pad = (side - 1) / 2;
    const y = node('Conv', [x, ...weights], `${name}c`, { kernel_shape: [side, side], pads: [pad, pad, pad, pad] });
    return side === 1 ? y : node('Relu', [y], `${name}r`);
  };
  const twice = (x, from, to, name) => conv(conv(x, from, to, `${name}1`), to, to, `${name}2`);
  const widths = [16, 32, 64, 128, 128];
  floats('scales', [4], [1, 1, 2, 2]);
  const skips = [];
  let [x, from] = ['x', 3];
  for (const [i, width] of widths.entries()) {
    x = twice(x, from, width, `down${i}`);
    from = width;
    if (i === widths.length - 1) break;
    skips.push(x);
    x = node('MaxPool', [x], `pool${i}`, { kernel_shape: [2, 2], strides: [2, 2] });
  }
  for (let i = widths.length - 2; i >= 0; i--) {
    const large = node('Resize', [x, '', 'scales'], `up${i}`, {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    nodes.push(
      onnx.node({
        opType: 'Concat',
        input: [skips[i], large],
        output: [`joined${i}`],
        attribute: [onnx.attribute({ name: 'axis', type: 2, i: 1n })],
      }),
    );
    x = twice(`joined${i}`, from + widths[i], widths[i], `back${i}`);
    from = widths[i];
  }
  node('Identity', [conv(x, from, 21, 'classes', 1)], 'y');
  const value = (name, lengths) =>
    onnx.value({
      name,
      type: { tensorType: { elemType: 1, shape: { dim: lengths.map((length) => ({ dimValue: BigInt(length) })) } } },
    });
  const graph = onnx.graph({
    name: 'segmentation',
    input: [value('x', [1, 3, size, size])],
    output: [value('y', [1, 21, size, size])],
    initializer: stored,
    node: nodes,
  });
  return onnx.model({ irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph });
}

function ortAssets() {
  const { resolve } = createRequire(import.meta.url);
  return new URL('./', pathToFileURL(resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))).href;
}

async function bundled() {
  const outfile = join(folder, 'limbeck.mjs');
  const exports = {
    'teacher/session/session.ts': 'createOnnxSession',
    'onnx/model.ts': 'readModel, writeModel, onnx',
    'runtime/backends/open.ts': 'openBackendHere',
    'student/build.ts': 'buildStudent',
    'student/zoo/mobilenetV1.ts': 'mobilenetV1',
    'train/optimizer.ts': 'makeOptimizer',
    'train/parts/adaptation/openAdaptation.ts': 'openAdaptation',
    'train/parts/open.ts': 'stepsWith',
    'train/stepper.ts': 'openStepper',
    'losses/response/crossEntropy.ts': 'crossEntropy',
  };
  const lines = Object.entries(exports).map(
    ([file, names]) => `export { ${names} } from ${JSON.stringify(join(source, 'src', file))};`,
  );
  await build({
    stdin: {
      contents: `${lines.join('\n')} export * as tf from ${JSON.stringify(join(source, 'src/runtime/tf.ts'))};`,
      resolveDir: root,
      loader: 'ts',
    },
    outfile,
    nodePaths: [join(root, 'node_modules')],
    bundle: true,
    external: ['onnxruntime-web*'],
    format: 'esm',
    platform: 'node',
    // Two copies of tfjs-core would not see each other's tensors.
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const __dirname = import.meta.dirname, __filename = import.meta.filename;",
    },
    logLevel: 'error',
  });
  return pathToFileURL(outfile).href;
}
