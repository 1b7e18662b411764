// Runs every model of Debian's libonnx-testdata that comes with inputs on the kernels and on onnxruntime-web: what a
// teacher gives is equal, or the kernels refuse the model by an operator's name. Anything else is printed and fails.
//   apt-get install libonnx-testdata && node scripts/kernelsTestdata.mjs [part of a model's name]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Differences up to so much of an output's largest value are the order of sums. */
const TOLERANCE = 1e-4;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(root, 'node_modules/.kernels-testdata-'));
try {
  const limbeck = await load();
  const [ort, kernels] = [limbeck.createOnnxSession(), limbeck.createOnnxSession()];
  const list = execFileSync('dpkg', ['-L', 'libonnx-testdata'], { encoding: 'utf8' }).split('\n');
  const files = list.filter((file) => file.endsWith('/model.onnx') && file.includes(process.argv[2] ?? ''));
  const counts = {};
  const refusals = {};
  const faults = [];
  for (const file of files) {
    for (const { model, inputs } of questionsOf(limbeck, file)) {
      const { kind, note = '' } = await compare(ort, kernels, model, inputs);
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (kind === 'refused') refusals[note] = (refusals[note] ?? 0) + 1;
      if (kind === 'different' || kind === 'fault') faults.push(`${kind} ${file.split('/').at(-2)}: ${note}`);
    }
  }
  if (process.argv.includes('--refusals')) console.log(Object.entries(refusals).sort((a, b) => b[1] - a[1]));
  console.log(faults.join('\n'));
  console.log(counts);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(ort, kernels, bytes, inputs) {
  const model = { model: new Blob([bytes]), externalData: [] };
  const expected = await attempt(async () => {
    await ort.open(model, settings(ortAssets()), { device: 'wasm', threads: 1 });
    return ort.run(inputs);
  });
  if (expected.error !== undefined) return { kind: 'not in onnxruntime-web' };
  const given = await attempt(async () => {
    await kernels.open(model, settings(pathToFileURL(join(root, 'dist/')).href), { device: 'kernels', threads: 1 });
    const answers = [await kernels.run(inputs), await kernels.run(inputs), await kernels.run(inputs)];
    return answers.map(snapshot);
  });
  await Promise.all([ort.close(), kernels.close()]);
  if (given.error !== undefined) {
    const { code, message, cause } = given.error;
    const isRefused =
      code === 'unsupported-operator' || cause?.code === 'unsupported-operator' || /without values/.test(message);
    return { kind: isRefused ? 'refused' : 'fault', note: message };
  }
  for (const [i, answer] of given.result.entries()) {
    const note = differenceOf(expected.result, answer);
    if (note !== undefined) return { kind: 'different', note: `run ${i + 1}: ${note}` };
  }
  return { kind: 'equal' };
}

function differenceOf(expected, given) {
  for (const [name, { data, shape }] of Object.entries(expected)) {
    const other = given[name];
    if (other === undefined) return `"${name}" is missing`;
    if (`${other.shape}` !== `${shape}`) return `"${name}" is [${other.shape}], not [${shape}]`;
    const finite = Array.from(data, Math.abs).filter(Number.isFinite);
    const scale = finite.reduce((most, value) => Math.max(most, value), 1e-2);
    for (const [i, right] of Array.from(data).entries()) {
      const value = other.data[i];
      if (Object.is(right, value) || right === value) continue;
      if (!(Math.abs(right - value) <= TOLERANCE * scale)) return `"${name}"[${i}] is ${value}, not ${right}`;
    }
  }
  return undefined;
}

function snapshot(answer) {
  const copy = ([name, { data, shape }]) => [name, { data: data.slice(), shape }];
  return Object.fromEntries(Object.entries(answer).map(copy));
}

async function attempt(action) {
  try {
    return { result: await action() };
  } catch (error) {
    return { error };
  }
}

/** As the model is, and with all inputs but the first stored in it, as weights and sizes mostly are. */
function questionsOf(limbeck, file) {
  return inputsOf(limbeck, file).flatMap(({ inputs, tensors }) => {
    const whole = { model: readFileSync(file), inputs };
    if (tensors.length < 2) return [whole];
    const model = limbeck.readModel(new Uint8Array(whole.model), file);
    const [first, ...others] = tensors;
    model.graph.input = model.graph.input.filter(({ name }) => !others.some((one) => one.name === name));
    model.graph.initializer.push(...others);
    return [whole, { model: limbeck.writeModel(model), inputs: { [first.name]: inputs[first.name] } }];
  });
}

/** The numeric inputs of each of a model's data sets; [] if there are none. */
function inputsOf({ readModel, dataOf }, file) {
  const { graph } = readModel(new Uint8Array(readFileSync(file)), file);
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const names = graph.input.map(({ name }) => name).filter((name) => !stored.has(name));
  const sets = readdirSync(dirname(file)).filter((name) => name.startsWith('test_data_set_'));
  return sets.flatMap((set) => {
    const inputs = {};
    const tensors = [];
    for (const [i, name] of names.entries()) {
      const path = join(dirname(file), set, `input_${i}.pb`);
      if (!existsSync(path)) return [];
      try {
        const tensor = readTensor(readModel, new Uint8Array(readFileSync(path)));
        inputs[name] = toArray(dataOf(tensor));
        tensors.push(Object.assign(tensor, { name }));
      } catch {
        return [];
      }
    }
    return [{ inputs, tensors }];
  });
}

/** The file holds a tensor alone; in a graph, in a model, it is read as every other. */
function readTensor(readModel, bytes) {
  const inside = (tag, content) => Uint8Array.from([tag, ...lengthOf(content.length), ...content]);
  return readModel(inside(0x3a, inside(0x2a, bytes))).graph.initializer[0];
}

function lengthOf(size) {
  return size < 128 ? [size] : [(size % 128) | 128, ...lengthOf(Math.floor(size / 128))];
}

function toArray({ dtype, shape, data }) {
  if (dtype === 'float32' || dtype === 'int32') return { data, shape };
  if (dtype === 'bool' || dtype === 'uint8') return { data: Uint8Array.from(data), shape };
  if (dtype.includes('float16')) throw new Error('bits');
  const numbers = Array.from(data, Number);
  return { data: dtype === 'float64' ? Float32Array.from(numbers) : Int32Array.from(numbers), shape };
}

function settings(assetBase) {
  return { name: 'model', assetBase };
}

function ortAssets() {
  const { resolve } = createRequire(import.meta.url);
  return new URL('./', pathToFileURL(resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))).href;
}

async function load() {
  const outfile = join(folder, 'limbeck.mjs');
  const from = (file) => JSON.stringify(join(root, 'src', file));
  const contents = `export { createOnnxSession } from ${from('teacher/session/session.ts')};
    export { readModel, writeModel } from ${from('onnx/model.ts')}; export { dataOf } from ${from('onnx/tensorData.ts')};`;
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile,
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
  return import(pathToFileURL(outfile).href);
}
