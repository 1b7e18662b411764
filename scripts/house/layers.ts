// The picture of CONTRIBUTING.md as data: which way things may look, and through which door what comes from outside.
// `architecture.ts` reads it; a new folder, library or exception is one line here.

/** From the ground up. An import stays in its folder or points to a folder of a lower layer. */
export const LAYERS = [
  { name: 'CORE', folders: ['core'] },
  { name: 'GROUND', folders: ['runtime', 'storage', 'workers', 'network', 'onnx'] },
  { name: 'NOUNS', folders: ['teacher', 'model', 'student', 'data', 'losses'] },
  { name: 'LOOP', folders: ['train'] },
  { name: 'VERBS', folders: ['distill', 'adapt', 'export', 'predict', 'generate'] },
  { name: 'MANY', folders: ['federate'] },
  { name: 'MEASURE', folders: ['bench'] },
  { name: 'TOP', folders: ['entry', 'cli'] },
] as const;

/** Files at the root of src; together they are the folder "entry" of the table. */
export const ENTRIES = [
  'src/index.ts',
  'src/worker.ts',
  'src/exposeWorker.ts',
  'src/tfjs.ts',
  'src/run.ts',
  'src/students.ts',
  'src/runWorker.ts',
  'src/nodeWorker.ts',
  'src/webgpu.ts',
  'src/federate.ts',
] as const;

/** What a folder may import today, where its layer would allow more; 'type' is nothing at run time. */
export const NARROWER: Readonly<Record<string, Readonly<Record<string, 'value' | 'type'>>>> = {
  data: { core: 'value', storage: 'type' },
  // Importing a loss loads no tfjs: it gets tfjs as an argument.
  losses: { core: 'value', runtime: 'type' },
  student: { core: 'value', runtime: 'value', onnx: 'value' },
  // What computes an operator gets tfjs as an argument.
  onnx: { core: 'value', runtime: 'type' },
  network: { core: 'value', storage: 'value' },
  export: {
    core: 'value',
    runtime: 'value',
    workers: 'value',
    onnx: 'value',
    data: 'type',
    student: 'value',
    teacher: 'value',
    train: 'value',
  },
  predict: {
    core: 'value',
    runtime: 'value',
    storage: 'type',
    workers: 'value',
    network: 'value',
    onnx: 'value',
    model: 'value',
    student: 'value',
  },
  cli: {
    core: 'value',
    runtime: 'value',
    onnx: 'value',
    network: 'value',
    export: 'value',
    predict: 'value',
    student: 'value',
    data: 'value',
    teacher: 'value',
    losses: 'value',
    distill: 'value',
    adapt: 'value',
    bench: 'value',
    train: 'value',
    federate: 'value',
  },
  teacher: {
    core: 'value',
    runtime: 'value',
    workers: 'value',
    storage: 'value',
    network: 'value',
    onnx: 'value',
    data: 'type',
    model: 'value',
    student: 'value',
  },
  model: { core: 'value', runtime: 'value', workers: 'value', network: 'value', student: 'value' },
  federate: {
    core: 'value',
    storage: 'value',
    data: 'value',
    losses: 'value',
    student: 'value',
    train: 'value',
    distill: 'value',
    // The accountant of private rounds.
    adapt: 'value',
  },
  train: {
    core: 'value',
    runtime: 'value',
    storage: 'value',
    workers: 'value',
    data: 'value',
    losses: 'value',
    student: 'value',
  },
  adapt: {
    core: 'value',
    runtime: 'type',
    storage: 'value',
    onnx: 'value',
    data: 'value',
    losses: 'value',
    model: 'value',
    student: 'value',
    teacher: 'value',
    train: 'value',
  },
  distill: {
    core: 'value',
    runtime: 'type',
    data: 'value',
    losses: 'value',
    student: 'value',
    // What a round of a scheme has made teaches in the next one.
    teacher: 'value',
    train: 'value',
  },
};

/** Imports that break the law, each with its reason. One that nothing uses any more is an offence too. */
export const EXCEPTIONS: readonly Exception[] = [];

export interface Exception {
  readonly from: string;
  readonly to: string;
  readonly kind: 'type' | 'dynamic' | 'value';
  readonly why: string;
}

/** A library, or Node itself, and the only places that may import it. */
export interface Door {
  readonly name: string;
  readonly specifier: RegExp;
  /** Files, or folders with a slash at their end. */
  readonly places: readonly string[];
  /** 'everywhere': a type-only import needs no door. */
  readonly types: 'everywhere' | 'door';
  /** 'dynamic': only `import(…)`, so that it is loaded where it is used. */
  readonly form: 'any' | 'dynamic';
}

export const DOORS: readonly Door[] = [
  {
    name: 'tfjs’s WebGPU backend',
    specifier: /^@tensorflow\/tfjs-backend-webgpu\//,
    places: ['src/runtime/backends/webgpuModule.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: 'tfjs’s WebGL backend',
    specifier: /^@tensorflow\/tfjs-backend-webgl$/,
    places: ['src/runtime/backends/webglModule.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: 'tfjs’s threaded build',
    specifier: /^@tensorflow\/tfjs-backend-wasm\/wasm-out\//,
    places: ['src/runtime/backends/threadedModule.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: 'tfjs-converter',
    specifier: /^@tensorflow\/tfjs-converter$/,
    places: ['src/runtime/graphModel.ts'],
    types: 'everywhere',
    form: 'dynamic',
  },
  { name: 'tfjs', specifier: /^@tensorflow\//, places: ['src/runtime/tf.ts'], types: 'everywhere', form: 'any' },
  {
    name: 'onnxruntime-web',
    specifier: /^onnxruntime-web(\/|$)/,
    places: ['src/runtime/ort.ts'],
    types: 'everywhere',
    form: 'dynamic',
  },
  {
    name: 'comlink',
    specifier: /^comlink$/,
    places: ['src/workers/'],
    types: 'door',
    form: 'any',
  },
  {
    name: '@bufbuild/protobuf',
    specifier: /^@bufbuild\/protobuf(\/|$)/,
    places: ['src/onnx/proto.ts', 'src/onnx/check/decodedSize.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: '@noble/ciphers',
    specifier: /^@noble\/ciphers\//,
    places: ['src/core/secretRandom.ts', 'src/federate/secure/agreement.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: '@noble/curves',
    specifier: /^@noble\/curves\//,
    places: ['src/federate/deviceKey.ts', 'src/federate/secure/agreement.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: 'NATS',
    specifier: /^@nats-io\//,
    places: ['src/federate/nats/'],
    types: 'everywhere',
    form: 'dynamic',
  },
  {
    name: '@noble/hashes',
    specifier: /^@noble\/hashes\//,
    places: ['src/core/hash.ts'],
    types: 'door',
    form: 'dynamic',
  },
  {
    name: '@huggingface/tokenizers',
    specifier: /^@huggingface\/tokenizers$/,
    places: ['src/data/tokenize.ts'],
    types: 'door',
    form: 'dynamic',
  },
  {
    name: 'fflate',
    specifier: /^fflate$/,
    places: ['src/student/files/bundle.ts', 'src/student/files/packBundle.ts', 'src/data/zip.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: 'hyparquet',
    specifier: /^hyparquet$/,
    places: ['src/data/parquet.ts'],
    types: 'everywhere',
    form: 'dynamic',
  },
  { name: 'idb', specifier: /^idb$/, places: ['src/storage/'], types: 'door', form: 'any' },
  {
    name: 'wasm-feature-detect',
    specifier: /^wasm-feature-detect$/,
    places: ['src/runtime/capabilities.ts'],
    types: 'door',
    form: 'any',
  },
  {
    name: 'fast-png',
    specifier: /^fast-png$/,
    places: ['src/cli/examples/decodeImage.ts'],
    types: 'door',
    form: 'dynamic',
  },
  {
    name: 'jpeg-js',
    specifier: /^jpeg-js$/,
    places: ['src/cli/examples/decodeImage.ts'],
    types: 'door',
    form: 'dynamic',
  },
  { name: 'semver', specifier: /^semver\//, places: ['src/cli/doctor/checkFolder.ts'], types: 'door', form: 'dynamic' },
  {
    name: 'cli-progress',
    specifier: /^cli-progress$/,
    places: ['src/cli/progress.ts'],
    types: 'door',
    form: 'dynamic',
  },
  // The rest of the house opens src/core/node.ts: what is built for pages may name none of Node's modules.
  { name: 'Node', specifier: /^node:/, places: ['src/cli/'], types: 'everywhere', form: 'dynamic' },
];

/** Where the page's storage may be touched; capabilities only looks whether it is there. */
export const STORAGE_PLACES = ['src/storage/', 'src/runtime/capabilities.ts'] as const;

/**
 * Where a server may be asked: paths, redirects and integrity are judged there. assets fetches limbeck's own files; the
 * command's doctor looks at servers, with limits of its own, and its bench speaks to a browser's debugger.
 */
export const FETCH_PLACES = [
  'src/network/',
  'src/runtime/assets.ts',
  'src/cli/doctor/fetchCarefully.ts',
  'src/cli/bench/remoteBrowser.ts',
] as const;

/** Where Node's own modules may be asked for; a helper's script imports nothing. */
export const NODE_PLACES = ['src/core/node.ts', 'src/runtime/kernels/kernelThread.ts'] as const;

/** Names that core may not speak of: it runs anywhere. */
export const PAGE_NAMES = ['window', 'document', 'navigator', 'self', 'indexedDB', 'localStorage'] as const;

/** Files that `import 'limbeck'` must not load: they stand behind a dynamic import or in a worker. */
export const LAZY = [
  'src/runtime/tf.ts',
  'src/runtime/ort.ts',
  'src/train/engine.ts',
  'src/teacher/session/session.ts',
  'src/teacher/session/sessionKernels.ts',
  'src/teacher/kernels/kernelsModel.ts',
  'src/onnx/proto.ts',
  'src/onnx/check/decodedSize.ts',
  'src/onnx/describe/describe.ts',
  'src/distill/runDistill.ts',
  'src/adapt/runPersonalize.ts',
  'src/bench/runBenchmark.ts',
  'src/teacher/onnxTeacher.ts',
  'src/student/import/importOnnx.ts',
  'src/model/tfjsSession.ts',
  'src/student/files/bundle.ts',
  'src/student/files/packBundle.ts',
  'src/export/artifactsToOnnx.ts',
  'src/export/quantize/quantizeModel.ts',
] as const;

/** What must not be loaded along with a file. */
export const APART: readonly { readonly from: string; readonly to: string }[] = [
  // A layer that computes an ONNX operator needs no reader of ONNX files, and most students have no such layer.
  { from: 'src/student/layers/onnxOperator.ts', to: 'src/onnx/proto.ts' },
  { from: 'src/student/build.ts', to: 'src/onnx/operators/all.ts' },
];

/** Files that are run, not imported: the commands of the package, and the scripts of its threads and of its AudioWorklet. */
export const COMMANDS = [
  'src/cli/limbeck.ts',
  'src/runtime/kernels/kernelThread.ts',
  'src/predict/listen/hearProcessor.ts',
] as const;

/** Files of demo/ and e2e/ that may reach into src, each with its reason. All of e2e/ may name test material by type. */
export const INSIDERS: Readonly<Record<string, string>> = {
  'e2e/pages/bench.ts': 'backends are made to misbehave as in the unit tests, by what the package does not export',
  'e2e/pages/modelCache.ts': 'fetchModel is not in the package; loadTeacher would need a session for each load',
  'e2e/pages/mutatedModels.ts': 'the mutated files and the check before the session are not in the package',
  'e2e/pages/storeContract.ts': 'the contract is not in the package, and it tells errors by the class that it imports',
  'demo/format.ts': 'figures are written in one way everywhere, which the package does not export',
  'e2e/command.spec.ts': 'the pictures and the teacher are made for tests',
  'demo/bench/words.ts': 'the command and the page say the same of a row, in words that the package does not export',
  'demo/inspect/facts.ts':
    'the command and the page say the same of a model, in words that the package does not export',
  'e2e/oneGpu.spec.ts':
    'models of a few nodes are made by the writer of the library, which the package does not export',
  'e2e/pages/exportLayers.ts':
    'the cases are not in the package, and they need the kernels on the tfjs that they import',
  'e2e/pages/kernels.ts': 'the cases are not in the package, and they need the kernels on the tfjs that they import',
  'e2e/conformance/answers.ts': 'watches the kernels of the tfjs that the specs run on',
  'e2e/conformance/page.ts': 'tfjs’s specs run on the tfjs that they import, so the kernels must be on that one',
};

/** Files that test others and are not shipped; tsconfig.build.json leaves out the same. */
export function isTestMaterial(file: string): boolean {
  return /(\.test|Contract|Cases)\.ts$/.test(file);
}
