// Imports the operators' models of Debian's libonnx-testdata as students and holds what they give against what the test
// data say. Each is tried as it stands, and with all of its inputs but the first stored in the file, as weights are.
//   apt-get install libonnx-testdata && node scripts/fromOnnxConformance.mjs [--verbose] [part of a name …]
// Nothing may differ, and nothing may fail without a code. --write puts the cases of GOLDEN into
// src/student/golden/onnxNodes.json, which a test reads.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Telling models, with what is stored of their inputs. */
const GOLDEN = {
  asTheyStand:
    'add_bcast4v4 mean_example max_example where_example hardswish_expanded elu mish_expanded softmax_axis_1 \
logsoftmax_axis_1 depthtospace_crd_mode_example depthtospace_dcr_mode spacetodepth_example averagepool_2d_ceil \
averagepool_1d_default maxpool_2d_dilations maxpool_1d_default globalaveragepool flatten_axis1 \
argmax_keepdims_random transpose_all_permutations_1 gelu_tanh_1 concat_3d_axis_1',
  stored:
    'group_normalization_example_expanded layer_normalization_3d_axis1_epsilon_expanded basic_conv_without_padding \
conv_with_strides_and_asymmetric_padding convtranspose_pads convtranspose_1d lstm_with_initial_bias gru_with_initial_bias \
gru_seq_length rnn_seq_length slice_neg_steps gather_1 reduce_log_sum_exp_do_not_keepdims_example prelu_broadcast \
resize_upsample_sizes_nearest_ceil_half_pixel resize_downsample_scales_linear resize_upsample_scales_linear_align_corners \
resize_downsample_scales_linear_align_corners reshape_allowzero_reordered clip_inbounds edge_pad reflect_pad \
cast_FLOAT_to_FLOAT8E4M3FN lstm_with_peepholes tile',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const isVerbose = process.argv.includes('--verbose');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const folder = mkdtempSync(join(tmpdir(), 'from-onnx-'));
try {
  const { readModel, writeModel, readTensor, importAndRun } = await loadSources();
  const models = execFileSync('dpkg', ['-L', 'libonnx-testdata'], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => basename(file) === 'model.onnx' && existsSync(join(dirname(file), 'test_data_set_0')))
    .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)));
  if (process.argv.includes('--write')) {
    const at = (name) => models.find((file) => file.endsWith(`/node/test_${name}/model.onnx`));
    const cases = await Promise.all(
      Object.entries(GOLDEN).flatMap(([kind, names]) =>
        names.split(/\s+/).flatMap((name) => (at(name) ? [goldenCase(name, at(name), kind === 'stored')] : [])),
      ),
    );
    const target = join(root, 'src/student/golden/onnxNodes.json');
    writeFileSync(
      target,
      `[\n${cases
        .filter(Boolean)
        .map((one) => JSON.stringify(one))
        .join(',\n')}\n]\n`,
    );
  }
  const bad = [];
  for (const isStored of [false, true]) {
    const counts = { equal: 0, refused: 0, differ: 0, threw: 0, skipped: 0 };
    const reasons = new Map();
    for (const file of models) {
      const { verdict, why = '' } = await tryModel(file, isStored);
      counts[verdict]++;
      const name = `${basename(dirname(file))}${isStored ? ' (stored)' : ''}`;
      if (verdict === 'differ' || verdict === 'threw') bad.push(`${verdict}: ${name}: ${why}`);
      if (verdict === 'refused') reasons.set(why, [...(reasons.get(why) ?? []), name]);
    }
    console.log(isStored ? 'all inputs but the first stored:' : 'as they stand:', counts);
    if (!isVerbose) continue;
    for (const [why, names] of [...reasons].sort((a, b) => b[1].length - a[1].length)) {
      console.log(`  ${names.length} refused, ${why}: ${names.slice(0, 4).join(', ')}`);
    }
  }
  for (const line of bad) console.log(line);
  process.exitCode = bad.length > 0 ? 1 : 0;

  async function goldenCase(name, file, isStored) {
    const read = readCase(file, isStored);
    if (read === undefined) return undefined;
    const { verdict, why } = await importAndRun(read.bytes, read.inputs, read.outputs);
    const short = ({ name: one, shape, values }) => ({
      name: one,
      shape,
      values: values.map((v) => Number(v.toPrecision(7))),
    });
    const model = Buffer.from(read.bytes).toString('base64');
    if (verdict === 'refused') return { name, model, refused: why };
    return { name, model, inputs: read.inputs.map(short), outputs: read.outputs.map(short) };
  }

  async function tryModel(file, isStored) {
    const read = readCase(file, isStored);
    return read === undefined ? { verdict: 'skipped' } : importAndRun(read.bytes, read.inputs, read.outputs);
  }

  /** A model and its data; undefined where there is nothing to try. */
  function readCase(file, isStored) {
    let model;
    try {
      model = readModel(new Uint8Array(readFileSync(file)), file);
    } catch {
      return undefined;
    }
    const data = join(dirname(file), 'test_data_set_0');
    const stored = new Set(model.graph.initializer.map(({ name }) => name));
    const names = model.graph.input.map(({ name }) => name).filter((name) => !stored.has(name));
    // A student drops nothing but while it learns, whatever the model says.
    if (/test_training_dropout/.test(file)) return undefined;
    const read = (kind, name, i) => {
      const value = [...model.graph.input, ...model.graph.output].find((one) => one.name === name);
      if (value?.type?.tensorType === undefined) throw new Error(`${name} is no tensor`);
      const bytes = new Uint8Array(readFileSync(join(data, `${kind}_${i}.pb`)));
      return { name, ...readTensor(bytes, value.type.tensorType.elemType) };
    };
    let inputs;
    let outputs;
    try {
      const given = readdirSync(data).filter((one) => one.startsWith('input_')).length;
      inputs = names.slice(0, given).map((name, i) => read('input', name, i));
      outputs = model.graph.output.map(({ name }, i) => read('output', name, i));
    } catch {
      // Strings, 4-bit numbers and the like have no typed array.
      return undefined;
    }
    if (isStored) {
      if (inputs.length < 2) return undefined;
      const [, ...others] = inputs;
      for (const { name, tensor } of others) model.graph.initializer.push(Object.assign(tensor, { name }));
      model.graph.input = model.graph.input.filter(({ name }) => !others.some((one) => one.name === name));
      inputs = inputs.slice(0, 1);
    }
    return { bytes: writeModel(model), inputs, outputs };
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function loadSources() {
  const outfile = join(folder, 'sources.mjs');
  await build({
    entryPoints: [join(root, 'scripts/fromOnnxRun.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // One copy of tfjs, whichever way it is reached.
    mainFields: ['module', 'main'],
    logLevel: 'error',
    // tfjs says that its modules do nothing when loaded, but they register backends and kernels.
    ignoreAnnotations: true,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return import(pathToFileURL(outfile).href);
}
