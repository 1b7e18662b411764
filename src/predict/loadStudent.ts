import { LimbeckError, throwIfAborted, untilAborted } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';
import { smallDevice } from '../runtime/smallDevice.ts';
import type { Choice } from './chooseEngine.ts';
import type { Engine, EngineModel, EngineName, EngineOptions } from './engine.ts';
import { type LoadedStudent, loaded, type OpenStudent } from './loadedStudent.ts';
import type { LoadStudentOptions } from './loadStudentOptions.ts';
import { openEngine } from './openEngine.ts';
import { type PredictSource, type ReadStudent, readSource } from './readSource.ts';

const KNOWN: readonly (keyof LoadStudentOptions)[] = [
  'engine',
  'labels',
  'threads',
  'worker',
  'integrity',
  'cache',
  'onProgress',
  'assetBase',
  'name',
  'signal',
];

/**
 * Opens a trained student for prediction, in a worker: from a bundle, an ONNX file, tfjs's files, or straight from a run.
 * Throws    model-unreachable · integrity-mismatch · bundle-invalid · invalid-onnx · student-invalid · worker-unreachable · wasm-blocked ·
 *           backend-unavailable · out-of-memory · invalid-option · AbortError
 *
 * @example
 * await using student = await loadStudent('/models/digits.limbeck');
 * const { labels, outputs } = await student.predict({ data: pixels, shape: [1, 28, 28, 1] });
 */
export async function loadStudent(source: PredictSource, options: LoadStudentOptions = {}): Promise<LoadedStudent> {
  const { engine, threads, worker, assetBase, cache } = options;
  const again = { engine, threads, worker, assetBase, ...(cache && { cache }) };
  const openNext = (next: PredictSource, given: LoadStudentOptions) => openStudent(next, { ...again, ...given });
  return loaded(await openStudent(source, options), openNext);
}

async function openStudent(source: PredictSource, options: LoadStudentOptions): Promise<OpenStudent> {
  // Not a schema: limbeck/run is to stay small.
  checkKnownOptions(options, KNOWN, 'loadStudent');
  const { engine = 'auto', worker = 'shipped', assetBase, integrity, cache, onProgress, signal } = options;
  const small = options.threads === undefined ? smallDevice() : undefined;
  const threads = small === undefined ? options.threads : 1;
  checkOneOf(engine, 'engine', ['auto', 'onnxruntime', 'tfjs']);
  if (typeof worker !== 'function') checkOneOf(worker, 'worker', ['shipped', 'shared', 'none']);
  if (threads !== undefined) checkCount(threads, 'threads');
  throwIfAborted(signal);
  const said: string[] = [];
  const notify = (notice: string) => void said.push(notice);
  const read = await untilAborted(readSource(source, { integrity, cache, onProgress, signal, notify }), signal);
  const name = options.name ?? read.name;
  const settings: EngineOptions = { name, ...(threads && { threads }), ...(assetBase && { assetBase }) };
  const again = async () => modelsOf(await readSource(source, { integrity, cache }));
  const openModel = async (model: EngineModel) =>
    worker === 'shared'
      ? (await import('./openShared.ts')).openShared(model, settings, again)
      : openEngine(model, worker, settings);
  const open = (model: EngineModel) => openInTime(() => openModel(model), signal);
  const choice = await choose(read, engine, worker === 'shared', open, signal);
  if (signal?.aborted) await choice.engine[Symbol.asyncDispose]();
  throwIfAborted(signal);
  const notices = [...said, ...choice.notices, ...(small ? [small] : [])];
  return opened({ ...choice, notices }, { ...read, name, labels: options.labels ?? read.labels });
}

/** An engine that opens only after the signal was aborted is disposed. */
function openInTime(open: () => Promise<Engine>, signal: AbortSignal | undefined): Promise<Engine> {
  const opening = open();
  return untilAborted(opening, signal).catch((error: unknown) => {
    opening.then((engine) => engine[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  });
}

async function choose(
  read: ReadStudent,
  wanted: 'auto' | EngineName,
  isShared: boolean,
  open: (model: EngineModel) => Promise<Engine>,
  signal: AbortSignal | undefined,
): Promise<Choice> {
  const models = modelsOf(read);
  if (wanted === 'auto' && models.length === 2) {
    const { chooseEngine, takeOnnx } = await import('./chooseEngine.ts');
    const openAs = (name: EngineName) => open(models.find(({ engine }) => engine === name) as EngineModel);
    return read.quantized === undefined && !isShared ? chooseEngine(openAs, signal) : takeOnnx(openAs, read.quantized);
  }
  const model = wanted === 'auto' ? models[0] : models.find(({ engine }) => engine === wanted);
  if (model === undefined) {
    const form = wanted === 'tfjs' ? 'tfjs' : 'ONNX';
    throw new LimbeckError(
      'invalid-option',
      `"engine" was ${wanted}, but the student "${read.name}" is not there as ${form}. Leave "engine" out, or pack that ` +
        'form too: toBundle(student, { onnx: true }).',
      { details: { engine: wanted, forms: models.map(({ engine }) => engine) } },
    );
  }
  const why = wanted === 'auto' ? 'It is the only form that the student is there in.' : 'It was asked for.';
  return { engine: await open(model), why, notices: [] };
}

function modelsOf({ onnx, artifacts }: ReadStudent): EngineModel[] {
  return [
    ...(onnx === undefined ? [] : [{ engine: 'onnxruntime', onnx } as const]),
    ...(artifacts === undefined ? [] : [{ engine: 'tfjs', artifacts } as const]),
  ];
}

function opened({ engine, why, notices }: Choice, { name, bytes, labels, input }: ReadStudent): OpenStudent {
  const { threads, inputs, outputs, notices: ofEngine } = engine.opened;
  const isShared = engine.isShared === true;
  const description = { name, engine: engine.name, why, isShared, threads, labels, inputs, outputs, input, bytes };
  return { engine, description: { ...description, notices: [...ofEngine, ...notices] }, calls: new Set() };
}
