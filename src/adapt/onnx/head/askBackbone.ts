import { LimbeckError } from '../../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../../core/outputs.ts';
import { stackRows } from '../../../core/rows.ts';
import { formatShape, type NdArray } from '../../../core/shape.ts';
import type { Dataset, LabelledDataset } from '../../../data/dataset.ts';
import { batches } from '../../../data/views.ts';
import { loadTeacher } from '../../../teacher/onnx.ts';
import { nextBatchSize, type TeacherDevice } from '../../../teacher/teacher.ts';
import { drawReplayed } from '../../keep.ts';
import { copiesOf, type OnnxRun, sessionOf } from '../onnxRun.ts';
import { type Features, featuresName, OWN_LOGITS, readFeatures } from './features.ts';

/** A run, and the values of its model that a head may read. */
export interface Asking extends OnnxRun {
  readonly tensors: readonly string[];
  /** The value that holds the logits of the model's own classes, where there is one. */
  readonly logits: string | undefined;
}

/** The model's answers for everything that a run needs, for each kind of examples. */
export interface Answers<T> {
  readonly own: T;
  /** Copy c of example i at i + size · c. */
  readonly copies: T | undefined;
  readonly held: T | undefined;
  readonly base: T | undefined;
  readonly replay: T | undefined;
}

/** Features of one value, the model's own logits, and the class of each example. */
export interface LabelledRows {
  readonly rows: NdArray;
  readonly logits: NdArray | undefined;
  readonly labels: Int32Array;
}

/** Opens the model up to the values, asks about all examples, and closes it. */
export async function askBackbone({ bytes, tensors, logits, options, emit, signal }: Asking) {
  const startedAt = performance.now();
  const { data, holdout, base, keep, seed, pooling, channels } = options;
  const copied = copiesOf(options);
  const replayed = drawReplayed(keep, seed);
  const taps = [
    ...tensors.map((tensor, at) => ({ tensor, name: featuresName(at) })),
    ...(logits === undefined || tensors.includes(logits) ? [] : [{ tensor: logits, name: OWN_LOGITS }]),
  ];
  const opening = { ...sessionOf(options, signal), taps, untilTaps: true };
  await using backbone = await loadTeacher(bytes, opening).done;
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

/** The answers of the unchanged model, as `read` gives them. Throws    class-mismatch, and what the model throws */
export async function logitsAsRead(
  examples: LabelledDataset,
  classes: number,
  { bytes, options, signal }: OnnxRun,
): Promise<NdArray> {
  const opening = { ...sessionOf(options, signal), ...(options.read && { read: options.read }) };
  await using model = await loadTeacher(bytes, opening).done;
  const all: NdArray[] = [];
  for await (const { examples: some } of batches(examples, () => nextBatchSize(model), { signal })) {
    const { [DEFAULT_OUTPUT]: logits } = await model.ask(some.inputs, signal);
    const isFitting = logits?.shape.length === 2 && logits.shape[1] === classes;
    if (logits === undefined || !isFitting) {
      throw new LimbeckError(
        'class-mismatch',
        `"read" gave "${DEFAULT_OUTPUT}" ${logits ? formatShape(logits.shape) : 'not at all'}; to measure the model before, ` +
          `it must give ${formatShape([some.labels.length, classes])}, the same classes in the same order.`,
        { details: { given: logits?.shape ?? null, classes } },
      );
    }
    all.push(logits);
  }
  return stackRows(all);
}
