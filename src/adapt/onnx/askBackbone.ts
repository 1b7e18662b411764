import { joinRows, pickRows } from '../../core/rows.ts';
import type { NdArray } from '../../core/shape.ts';
import { augmented } from '../../data/augmented.ts';
import type { Dataset } from '../../data/dataset.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { TeacherDevice } from '../../teacher/teacher.ts';
import { drawReplayed } from '../keep.ts';
import { type Features, featuresName, OWN_LOGITS, readFeatures } from './features.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';

/** A model, the values of it that a head may read, and the run that asks. */
export interface Asking {
  readonly bytes: Uint8Array;
  readonly tensors: readonly string[];
  /** The value that holds the logits of the model's own classes, where there is one. */
  readonly logits: string | undefined;
  readonly options: PersonalizeOnnxOptions;
  readonly emit: (event: PersonalizeOnnxEvent) => void;
  readonly signal: AbortSignal;
}

/** What the model says of everything that a run needs, of each kind of examples. */
export interface Answers<T> {
  readonly own: T;
  /** Copy c of example i at i + size · c. */
  readonly copies: T | undefined;
  readonly held: T | undefined;
  readonly base: T | undefined;
  readonly replay: T | undefined;
}

/** Features of one value, what the model itself says, and the class of each. */
export interface LabelledRows {
  readonly rows: NdArray;
  readonly logits: NdArray | undefined;
  readonly labels: Int32Array;
}

/** Opens the model up to the values, asks about all examples, and closes it. */
export async function askBackbone({ bytes, tensors, logits, options, emit, signal }: Asking) {
  const startedAt = performance.now();
  const { data, holdout, base, keep, augment, seed = 0, pooling, channels } = options;
  const copied = augment && augmented(data, augment, { copies: options.copies ?? 4, seed });
  const replayed = drawReplayed(keep, seed);
  const taps = [
    ...tensors.map((tensor, at) => ({ tensor, name: featuresName(at) })),
    ...(logits === undefined || tensors.includes(logits) ? [] : [{ tensor: logits, name: OWN_LOGITS }]),
  ];
  const opening = { ...sessionOf(options, signal), taps, untilTaps: true };
  await using backbone = await loadTeacher(bytes as Uint8Array<ArrayBuffer>, opening).done;
  const total = [data, copied, holdout, base, replayed].reduce((sum, one) => sum + (one?.size ?? 0), 0);
  let answered = 0;
  const tell = (count: number) => {
    answered += count;
    const seconds = (performance.now() - startedAt) / 1000;
    emit({ type: 'features', answered, total, examplesPerSecond: answered / seconds });
  };
  const form = { ...(pooling && { pooling }), ...(channels && { channels }) };
  const read = async (examples: Dataset | undefined) =>
    examples && (await readFeatures(examples, { backbone, taps: tensors.length, form, signal, tell }));
  const answers: Answers<Features> = {
    own: (await read(data)) as Features,
    copies: await read(copied),
    held: await read(holdout),
    base: await read(base),
    replay: await read(replayed),
  };
  for (const message of backbone.description.notices) emit({ type: 'notice', message });
  const device: TeacherDevice = backbone.description.device;
  return { answers, device, ms: performance.now() - startedAt };
}

/** The same of one of the values. */
export function answersAt({ own, copies, held, base, replay }: Answers<Features>, at: number): Answers<LabelledRows> {
  const pick = ({ values, logits, labels }: Features): LabelledRows => ({
    rows: values[at]?.rows as NdArray,
    logits,
    labels,
  });
  return {
    own: pick(own),
    copies: copies && pick(copies),
    held: held && pick(held),
    base: base && pick(base),
    replay: replay && pick(replay),
  };
}

/** How sessions are opened: those of backbone, model and written file alike. */
export function sessionOf(options: PersonalizeOnnxOptions, signal: AbortSignal): LoadTeacherOptions {
  const { name = 'model', input, device, threads, batchSize, session, worker, assetBase } = options;
  return {
    ...{ name, signal },
    ...(input && { input }),
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
    ...(batchSize !== undefined && { batchSize }),
    ...(session && { session }),
    ...(worker && { worker }),
    ...(assetBase !== undefined && { assetBase }),
  };
}

/** The examples at some places with all of their copies; without places, all of them. */
export function withCopies(
  { own, copies }: Pick<Answers<LabelledRows>, 'own' | 'copies'>,
  places?: Int32Array,
): LabelledRows {
  const first = places === undefined ? own : rowsAt(own, places);
  if (copies === undefined) return first;
  const wanted = new Set(places ?? own.labels.keys());
  const size = own.labels.length;
  return joinedRows(
    first,
    rowsAt(
      copies,
      copies.labels.map((_, i) => i).filter((i) => wanted.has(i % size)),
    ),
  );
}

export function rowsAt({ rows, logits, labels }: LabelledRows, places: Int32Array): LabelledRows {
  return {
    rows: pickRows(rows, places),
    logits: logits && pickRows(logits, places),
    labels: places.map((i) => labels[i] as number),
  };
}

export function joinedRows(first: LabelledRows, second: LabelledRows): LabelledRows {
  return {
    rows: joinRows(first.rows, second.rows),
    logits: first.logits && second.logits && joinRows(first.logits, second.logits),
    labels: Int32Array.of(...first.labels, ...second.labels),
  };
}
