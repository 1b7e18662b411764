import { joinRows, pickRows } from '../../core/rows.ts';
import { augmented } from '../../data/augmented.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { TeacherDevice } from '../../teacher/teacher.ts';
import { FEATURES, type Features, readFeatures } from './features.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';

/** A model, the value of it that a head reads, and the run that asks. */
export interface Asking {
  readonly bytes: Uint8Array;
  readonly tensor: string;
  readonly options: PersonalizeOnnxOptions;
  readonly emit: (event: PersonalizeOnnxEvent) => void;
  readonly signal: AbortSignal;
}

/** What the model says of everything that a run needs. */
export interface Answers {
  readonly own: Features;
  /** Copy c of example i at i + size · c. */
  readonly copies: Features | undefined;
  readonly held: Features | undefined;
  readonly device: TeacherDevice;
  readonly ms: number;
}

/** Features and the class of each. */
export type LabelledRows = Pick<Features, 'rows' | 'labels'>;

/** Opens the model up to the value, asks about examples, varied copies and holdout, and closes it. */
export async function askBackbone({ bytes, tensor, options, emit, signal }: Asking): Promise<Answers> {
  const startedAt = performance.now();
  const { data, holdout, augment, seed = 0, pooling, channels } = options;
  const copied = augment && augmented(data, augment, { copies: options.copies ?? 4, seed });
  const cut = { taps: [{ tensor, name: FEATURES }], untilTaps: true };
  await using backbone = await loadTeacher(bytes as Uint8Array<ArrayBuffer>, { ...sessionOf(options, signal), ...cut })
    .done;
  const total = data.size + (copied?.size ?? 0) + (holdout?.size ?? 0);
  let answered = 0;
  const tell = (count: number) => {
    answered += count;
    const seconds = (performance.now() - startedAt) / 1000;
    emit({ type: 'features', answered, total, examplesPerSecond: answered / seconds });
  };
  const reading = { backbone, form: { ...(pooling && { pooling }), ...(channels && { channels }) }, signal, tell };
  const own = await readFeatures(data, reading);
  const copies = copied && (await readFeatures(copied, reading));
  const held = holdout && (await readFeatures(holdout, reading));
  for (const message of backbone.description.notices) emit({ type: 'notice', message });
  return { own, copies, held, device: backbone.description.device, ms: performance.now() - startedAt };
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
export function withCopies({ own, copies }: Pick<Answers, 'own' | 'copies'>, places?: Int32Array): LabelledRows {
  const first = places === undefined ? own : rowsAt(own, places);
  if (copies === undefined) return first;
  const wanted = new Set(places ?? own.labels.keys());
  const size = own.labels.length;
  const of = [...copies.labels.keys()].filter((i) => wanted.has(i % size));
  const second = rowsAt(copies, Int32Array.from(of));
  return { rows: joinRows(first.rows, second.rows), labels: Int32Array.of(...first.labels, ...second.labels) };
}

export function rowsAt({ rows, labels }: LabelledRows, places: Int32Array): LabelledRows {
  return { rows: pickRows(rows, places), labels: places.map((i) => labels[i] as number) };
}
