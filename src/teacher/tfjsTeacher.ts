import { disposedAtWork, LimbeckError, throwIfAborted } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { type Run, startRun } from '../core/run.ts';
import { given, type OptionsOf, schema } from '../core/schema.ts';
import type { NamedArrays } from '../core/shape.ts';
import { type PortableTfjsModel, weightsOf } from '../model/portableModel.ts';
import { type StartedSession, startSession } from '../model/startSession.ts';
import type { OpenedTfjs, TfjsSession } from '../model/tfjsSession.ts';
import { type ModelIntegrity, readIntegrity } from '../network/integrity.ts';
import { functionalOf, hasSoftmax, lastLayerOf } from '../student/topology/classifier.ts';
import { pixelNotice } from './input/pixelNotice.ts';
import { LOADED, type LoadedTeacherOptions } from './loadedOptions.ts';
import type { LoadEvent } from './onnx.ts';
import { type ReadOutputs, readOutputs } from './read.ts';
import { fromProbsWhere, probsNotice, withLogProbs } from './readAsLogits.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';
import type { TfjsFeedOptions } from './tfjs/tfjsFeeds.ts';
import { readTfjsSource, type TfjsSource } from './tfjs/tfjsSource.ts';

const OPTIONS = schema('loadTfjsTeacher', {
  ...LOADED.fields,
  /** What its files must hash to, as subresource integrity: a record with model.json and each file of weights. */
  integrity: given<ModelIntegrity>(),
});

/** How a tfjs teacher is fed and read, and where it runs. */
export interface TfjsTeacherOptions extends LoadedTeacherOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Loads a tfjs model, of layers or a graph, as a teacher in a worker of its own. A model of the page is copied: what
 * becomes of it later does not reach the teacher.
 * Throws    model-unreachable · integrity-mismatch · teacher-failed: no tfjs model, or one that cannot be built · worker-unreachable ·
 *           backend-unavailable · wasm-blocked · out-of-memory · invalid-option · AbortError
 *
 * @example
 * const teacher = await loadTfjsTeacher('/models/mobilenet/model.json').done;
 * const ofThePage = await loadTfjsTeacher(model).done;
 */
export function loadTfjsTeacher(source: TfjsSource, options: TfjsTeacherOptions = {}): Run<Teacher, LoadEvent> {
  return startRun(async (emit, signal) => {
    const { integrity } = OPTIONS.read(options);
    readIntegrity(integrity, source);
    const { name, model } = await readTfjsSource(source, {
      onProgress: (loadedBytes, totalBytes) => emit({ type: 'load', loadedBytes, totalBytes }),
      integrity,
      signal,
    });
    emit({ type: 'open', bytes: weightsOf(model).byteLength });
    const teacher = await openTfjsTeacher(model, { ...options, name: options.name ?? name, signal });
    for (const message of teacher.description.notices) emit({ type: 'notice', message });
    return teacher;
  }, options.signal);
}

/** A teacher of a model in plain values; its worker ends with it. */
export async function openTfjsTeacher(
  model: PortableTfjsModel,
  options: TfjsTeacherOptions & { readonly name: string },
): Promise<Teacher> {
  const { read = (outputs) => outputs, worker = 'shipped', signal, name, threads, assetBase, input } = options;
  throwIfAborted(signal);
  const session = await startSession<Session>(worker, 'tfjs', ['open', 'run', 'timeMs'], async () => {
    const [{ createTfjsSession }, { tfjsFeeds }] = await Promise.all([
      import('../model/tfjsSession.ts'),
      import('./tfjs/tfjsFeeds.ts'),
    ]);
    return createTfjsSession(tfjsFeeds);
  });
  try {
    const opened = await session.open(model, { name, threads, assetBase, input });
    throwIfAborted(signal);
    const description = describe(name, model, opened, await identityOf(model, options));
    const fromProbs = probsOf(model, options);
    // A model of layers reads bytes as a student does.
    const rawInputs = model.kind === 'graph' ? Object.keys(description.inputs) : [];
    const notice = (inputs: NamedArrays) => pixelNotice(inputs, input, rawInputs);
    return makeTeacher(session, identified(description, options, fromProbs), read, notice);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** Functions cannot be told apart: only a reading of this package keeps the teacher's identity. */
function identified(
  description: TeacherDescription,
  { read, given: holds }: TfjsTeacherOptions,
  fromProbs: readonly string[] | undefined,
): TeacherDescription {
  const { identity, ...rest } = description;
  const isTold = fromProbs?.length && holds === undefined;
  const known = {
    ...rest,
    ...(fromProbs && { fromProbs }),
    ...(isTold && { notices: [...rest.notices, probsNotice(rest.name, fromProbs)] }),
  };
  if (read !== undefined && read.spec === undefined) return known;
  const how = [...(read ? [read.spec] : []), ...(fromProbs?.length ? [fromProbs] : [])];
  return { ...known, identity: [identity, ...how.map((one) => JSON.stringify(one))].join(':') };
}

/** What the caller says, or the last layer of a model of layers does. Undefined where nothing is known. */
function probsOf(model: PortableTfjsModel, { read, given: holds }: TfjsTeacherOptions): readonly string[] | undefined {
  if (holds !== undefined) return fromProbsWhere(holds);
  if (read !== undefined || model.kind !== 'layers' || model.student.kind !== 'artifacts') return undefined;
  const last = lastLayerOf(functionalOf(model.student.artifacts).config);
  return last !== undefined && hasSoftmax(last) ? fromProbsWhere('probs') : undefined;
}

type Session = TfjsSession<TfjsFeedOptions>;

function describe(
  name: string,
  model: PortableTfjsModel,
  { backend, ...opened }: OpenedTfjs,
  identity: string,
): TeacherDescription {
  const why = `It is a tfjs model, on tfjs’s ${backend} backend.`;
  return { ...opened, name, bytes: weightsOf(model).byteLength, device: 'tfjs', why, identity };
}

/** Of weights, structure and how it is fed; a model of layers reads bytes as pixels of 0…1. */
async function identityOf(model: PortableTfjsModel, { input }: TfjsTeacherOptions): Promise<string> {
  const structure = model.kind === 'graph' ? model.artifacts : model.student;
  const unfed = model.kind === 'layers' ? 'pixels' : null;
  const weights = await sha256(new Uint8Array(weightsOf(model)));
  return sha256(new TextEncoder().encode(JSON.stringify([weights, model.kind, structure, input ?? unfed])));
}

function makeTeacher(
  session: StartedSession<Session>,
  opened: TeacherDescription,
  read: ReadOutputs,
  noticeOf: (inputs: NamedArrays) => string | undefined,
): Teacher {
  let description = opened;
  let isLooked = false;
  const listeners = new Set<(notice: string) => void>();
  const lookAt = (inputs: NamedArrays) => {
    const notice = isLooked ? undefined : noticeOf(inputs);
    isLooked = true;
    if (notice === undefined) return;
    description = { ...description, notices: [...description.notices, notice] };
    for (const listener of listeners) listener(notice);
  };
  const usage = { calls: 0, computed: 0, found: 0 };
  let isDisposed = false;
  const requireAlive = () => {
    if (isDisposed) {
      throw new LimbeckError('disposed', `The teacher "${description.name}" was disposed; load it again.`);
    }
  };
  return {
    get description() {
      return description;
    },
    async ask(inputs: NamedArrays, signal?: AbortSignal) {
      requireAlive();
      throwIfAborted(signal);
      lookAt(inputs);
      const batch = Object.values(inputs)[0]?.shape[0] ?? 0;
      const outputs = await session.run(inputs).catch((error: unknown): never => {
        throw isDisposed ? disposedAtWork('teacher', description.name, error) : error;
      });
      usage.calls++;
      usage.computed += batch;
      throwIfAborted(signal);
      const answers = readOutputs(read, outputs, batch);
      return description.fromProbs?.length ? withLogProbs(answers, description.fromProbs) : answers;
    },
    async timeMs(inputs, repeats) {
      requireAlive();
      return session.timeMs(inputs, repeats);
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    usage: () => ({ ...usage }),
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      listeners.clear();
      await session[Symbol.asyncDispose]();
    },
  };
}
