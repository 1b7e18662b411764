import { disposedAtWork, LimbeckError, throwIfAborted, untilAborted } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import type { ModelIntegrity } from '../network/integrity.ts';
import type { Choice } from './chooseEngine.ts';
import type { Engine, EngineModel, EngineName, EngineOptions } from './engine.ts';
import { labelled } from './labelled.ts';
import { type EngineWorker, openEngine } from './openEngine.ts';
import { namedInputs, type PredictInputs } from './predictInputs.ts';
import { type PredictSource, type ReadStudent, readSource } from './readSource.ts';

/** Which engine computes, where, and what the answers are called. */
export interface LoadStudentOptions {
  /**
   * The engine. 'auto' (default) takes the only form that the file has. Of two it takes the ONNX form if that is quantized,
   * because it was made smaller on purpose; otherwise it opens both, compares and measures them on this device, and keeps the
   * faster one, or tfjs if they disagree.
   */
  readonly engine?: 'auto' | EngineName;
  /** Names of the classes, in the order of the output. Default: the labels in the file. */
  readonly labels?: readonly string[];
  /** Default: the cores of the device, 4 at most; 1 where the page is not cross-origin isolated. */
  readonly threads?: number;
  /**
   * A worker of limbeck's own (default), one that you make for an engine (of dist/runWorker.js for 'onnxruntime', of
   * dist/worker.js for 'tfjs'), or 'none': on this thread.
   */
  readonly worker?: EngineWorker;
  /**
   * The hash of the file, as subresource integrity; for a model.json, a record with its hash and that of each file of
   * weights. Checked before a byte is used.
   */
  readonly integrity?: ModelIntegrity;
  /** The folder that serves the package's .wasm files. Default: next to the code. */
  readonly assetBase?: string;
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** What a loaded student turned out to be. Plain values. */
export interface LoadedStudentDescription {
  readonly name: string;
  readonly engine: EngineName;
  /** Why it runs there, in a sentence. */
  readonly why: string;
  readonly threads: number;
  readonly labels: readonly string[] | undefined;
  /** Shapes with the batch; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** How data becomes inputs, as the file says; `predict` takes arrays that are in that form already. */
  readonly input: unknown;
  /** Size of the file or files. */
  readonly bytes: number;
  /** One sentence for each thing that makes it slower, or different, than it could be. */
  readonly notices: readonly string[];
}

/** What a student answered for a batch. */
export interface Prediction {
  /** Raw outputs by name. A single output is called `logits`, whatever its file calls it and whatever it holds. */
  readonly outputs: NamedArrays;
  /** The most probable class of each example, where labels are known. */
  readonly labels?: readonly string[];
  /** [B, C], where labels are known: softmax of the logits, or the output itself where its rows are probabilities. */
  readonly probabilities?: NdArray;
}

/** A student that answers. It holds a worker: dispose it when done. */
export interface LoadedStudent extends AsyncDisposable {
  readonly description: LoadedStudentDescription;
  /**
   * Answers for a batch [B, ...]. Arrays stay the caller's.
   * Throws    unknown-input · shape-mismatch · not-finite · student-invalid · out-of-memory · worker-died · disposed ·
   *           AbortError
   */
  predict(inputs: PredictInputs, signal?: AbortSignal): Promise<Prediction>;
}

const KNOWN: readonly (keyof LoadStudentOptions)[] = [
  'engine',
  'labels',
  'threads',
  'worker',
  'integrity',
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
  checkKnownOptions(options, KNOWN, 'loadStudent');
  const { engine = 'auto', threads, worker = 'shipped', assetBase, integrity, signal } = options;
  checkOneOf(engine, 'engine', ['auto', 'onnxruntime', 'tfjs']);
  if (threads !== undefined) checkCount(threads, 'threads');
  throwIfAborted(signal);
  const read = await untilAborted(readSource(source, { integrity, signal }), signal);
  const name = options.name ?? read.name;
  const settings: EngineOptions = { name, ...(threads && { threads }), ...(assetBase && { assetBase }) };
  const choice = await choose(
    read,
    engine,
    (model) => openInTime(() => openEngine(model, worker, settings), signal),
    signal,
  );
  if (signal?.aborted) await choice.engine[Symbol.asyncDispose]();
  throwIfAborted(signal);
  return loaded(choice, { ...read, name, labels: options.labels ?? read.labels });
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
  open: (model: EngineModel) => Promise<Engine>,
  signal: AbortSignal | undefined,
): Promise<Choice> {
  const models = modelsOf(read);
  if (wanted === 'auto' && models.length === 2) {
    const { chooseEngine, takeQuantized } = await import('./chooseEngine.ts');
    const openAs = (name: EngineName) => open(models.find(({ engine }) => engine === name) as EngineModel);
    return read.quantized === undefined ? chooseEngine(openAs, signal) : takeQuantized(openAs, read.quantized);
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

function loaded({ engine, why, notices }: Choice, { name, bytes, labels, input }: ReadStudent): LoadedStudent {
  const { opened } = engine;
  let isDisposed = false;
  return {
    description: {
      name,
      engine: engine.name,
      why,
      threads: opened.threads,
      labels,
      inputs: opened.inputs,
      outputs: opened.outputs,
      input,
      bytes,
      notices: [...opened.notices, ...notices],
    },
    async predict(inputs, signal) {
      if (isDisposed) throw new LimbeckError('disposed', `The student "${name}" was disposed; load it again.`);
      throwIfAborted(signal);
      const running = engine.run(namedInputs(inputs, opened.inputs)).catch((error: unknown): never => {
        throw isDisposed ? disposedAtWork('student', name, error) : error;
      });
      const outputs = await untilAborted(running, signal);
      return { outputs, ...(labels && labelled(outputs, labels)) };
    },
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      await engine[Symbol.asyncDispose]();
    },
  };
}
