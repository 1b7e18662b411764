import {
  type BackendDescription,
  cnn,
  type DistillEvent,
  type DistillOptions,
  detectCapabilities,
  distill,
  type LoadEvent,
  type LoadTeacherOptions,
  measure,
  type NdArray,
  openTrainer,
  parameterCount,
  type Student,
  softTargets,
  type Teacher,
  toFiles,
} from 'limbeck';
import { openAnswers } from './answers.ts';
import { digitTask } from './digits.ts';
import { nextTurn } from './dom.ts';
import { writeForms } from './forms.ts';
import type { JobResult } from './jobReport.ts';
import { watchMainThread } from './mainThread.ts';
import { askAll, confusion, disagreements, measureStudent, measureTeacher } from './measure.ts';
import type { Task } from './task.ts';

export interface JobOptions {
  readonly epochs: number;
  readonly seed: number;
  /** How many of the 8,000 digits to learn from; a quarter as many others are held out, 100 at least. Other tasks use all they have. */
  readonly limit: number;
  readonly kernels: 'on' | 'off';
  readonly threads: number | undefined;
  /** Where the teacher computes; a page that drives this one may choose, so that two runs give the same bits. */
  readonly device: LoadTeacherOptions['device'];
  /** 'yes' deletes the teacher's answers of earlier runs. */
  readonly fresh: 'no' | 'yes';
}

export const JOB_DEFAULTS: JobOptions = {
  epochs: 6,
  seed: 1,
  limit: 8000,
  kernels: 'on',
  threads: undefined,
  device: 'auto',
  fresh: 'no',
};

export type JobEvent =
  | DistillEvent
  | LoadEvent
  | { readonly type: 'stage'; readonly stage: 'load' | 'distill' | 'measure' | 'export' };

/** A confusion of more classes is no longer read by a person. */
const MOST_CLASSES = 20;

/**
 * The main job: distil a task's teacher into a student, and measure both. A stopped job leaves the student as it was after its
 * last step; given to another job, it goes on from there.
 */
export async function runJob(
  options: JobOptions,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
  student: Student = cnn({ classes: 10 }),
  task: Task = digitTask,
): Promise<JobResult> {
  const startedAt = performance.now();
  const watch = watchMainThread();
  emit({ type: 'stage', stage: 'load' });
  const { data, holdout, show, ...seenByTeacher } = await task.loadData(options.limit, signal);
  const trainer = await openTrainer({ kernels: options.kernels, threads: options.threads });
  const before = await trainer.memory();
  const answers = await openAnswers(options.fresh);
  let model: Teacher | undefined;
  let teacher: Teacher | undefined;
  try {
    const setUpAt = performance.now();
    const { threads, device } = options;
    model = await task.loadTeacher(emit, signal, { threads, device, store: answers.store });
    teacher = await answers.over(model);
    const loadedAt = performance.now();
    emit({ type: 'stage', stage: 'distill' });
    const distillOptions: DistillOptions = {
      teacher,
      student,
      data,
      holdout,
      ...seenByTeacher,
      loss: softTargets({ temperature: 4 }),
      optimizer: { name: 'adam', learningRate: 1e-3 },
      epochs: options.epochs,
      batchSize: 64,
      seed: options.seed,
      trainer,
      signal,
    };
    const run = distill(distillOptions);
    let answeredAt = performance.now();
    for await (const event of run) {
      if (event.type === 'teacher' || (event.type === 'phase' && event.phase === 'train'))
        answeredAt = performance.now();
      emit(event);
    }
    const { report, holdoutAnswers } = await run.done;
    const distilledAt = performance.now();

    emit({ type: 'stage', stage: 'measure' });
    const evaluateStartedAt = performance.now();
    const { answers: studentLogits, labels } = await askAll(
      holdout,
      async (inputs) => (await trainer.predict(student, inputs))['logits'] as NdArray,
    );
    const teacherLogits = holdoutAnswers?.['logits'] as NdArray;
    const isReadable = labels !== undefined && task.labels.length <= MOST_CLASSES;
    const scored = measure({ student: studentLogits, teacher: teacherLogits, labels });
    const usage = report.teacherUsage;
    // A run that found every answer leaves the teacher alone, so it shows what an earlier one measured.
    const remembered = usage?.calls === 0 ? await answers.times(model) : undefined;
    const teacherTimes =
      remembered ?? (await orStop(measureTeacher(model, seenByTeacher.teacherHoldout ?? holdout), signal));
    if (remembered === undefined) await answers.rememberTimes(model, teacherTimes);
    const studentTimes = await orStop(measureStudent(trainer, student, holdout), signal);
    await nextTurn();
    emit({ type: 'stage', stage: 'export' });
    const forms = await writeForms({
      ...{ student, report, task, learned: data, holdout, teacherAnswers: teacherLogits, signal },
      threads: options.threads,
    });
    await nextTurn();
    const artifacts = student.artifacts;
    if (artifacts === undefined) throw new Error('The student has no weights.');
    const after = await trainer.memory();
    const backend = trainer.description;
    const now = performance.now();
    return {
      files: toFiles(artifacts),
      forms: forms.files,
      report: {
        noun: task.noun,
        labels: task.labels,
        seed: options.seed,
        ...placeOf(backend),
        notices: [...backend.notices, ...teacher.description.notices],
        examples: { learned: data.size, heldOut: holdout.size },
        teacher: {
          name: teacher.description.name,
          accuracy: measure({ student: teacherLogits, labels })['accuracy'] ?? Number.NaN,
          bytes: teacher.description.bytes,
          msPerExample: teacherTimes.msPerExample,
          ...(remembered && { measuredAt: remembered.measuredAt }),
          usage: { calls: usage?.calls ?? 0, computed: usage?.computed ?? 0, found: usage?.found ?? 0 },
          device: teacher.description.device,
          batchSize: teacher.description.batchSize,
          batchFigures: teacher.description.batchFigures,
          why: teacher.description.why,
          threads: teacher.description.threads,
        },
        student: {
          name: student.name,
          accuracy: scored['accuracy'] ?? Number.NaN,
          agreement: scored['agreement'] ?? Number.NaN,
          bytes: artifacts.weightData.byteLength,
          parameters: parameterCount(artifacts),
          msPerExample: studentTimes,
        },
        forms: {
          tfjs: {
            accuracy: scored['accuracy'] ?? Number.NaN,
            agreement: scored['agreement'] ?? Number.NaN,
            bytes: artifacts.weightData.byteLength,
            msPerExample: studentTimes,
          },
          ...forms.figures,
        },
        epochs: report.epochs.map(({ epoch, loss, ms, holdout }) => ({
          epoch,
          loss,
          ms,
          accuracy: holdout['accuracy'] ?? Number.NaN,
          agreement: holdout['agreement'] ?? Number.NaN,
        })),
        timeMs: {
          setup: setUpAt - startedAt,
          load: loadedAt - setUpAt,
          teacher: answeredAt - loadedAt,
          train: distilledAt - answeredAt,
          evaluate: now - evaluateStartedAt,
          total: now - startedAt,
        },
        overlapFraction: report.overlapFraction,
        longestMainThreadTaskMs: watch.stop(),
        heapBytes: report.heapBytes,
        tensorsLeft: after.tensors - before.tensors,
        ...(isReadable && {
          confusion: { teacher: confusion(teacherLogits, labels), student: confusion(studentLogits, labels) },
        }),
        disagreements: await disagreements(teacherLogits, studentLogits, labels, show),
        environment: await environment(),
      },
    };
  } finally {
    watch.stop();
    if (teacher !== model) await teacher?.[Symbol.asyncDispose]();
    await model?.[Symbol.asyncDispose]();
    await answers.close();
    await trainer[Symbol.asyncDispose]();
  }
}

/** Waits for work that takes no signal; the caller must dispose what it holds, which also ends it. */
function orStop<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function placeOf({ backend, threads, simdLevel, isIsolated }: BackendDescription) {
  return { backend, threads, simdLevel, isIsolated };
}

async function environment(): Promise<Record<string, unknown>> {
  const { why, ...capabilities } = await detectCapabilities();
  return { userAgent: navigator.userAgent, date: new Date().toISOString(), capabilities, why };
}
