import { throwIfAborted } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { asStudent } from '../student/layersModel.ts';
import type { Student } from '../student/student.ts';
import { probsNotice, readAsLogits } from '../teacher/readAsLogits.ts';
import { epochBatches } from '../train/order.ts';
import type { RunState } from '../train/state.ts';
import type { Trainer } from '../train/trainer.ts';
import { openControl, trainControl } from './control.ts';
import { checkFirstBatch, logitOutputs, makeJob, makeSource, outerReads } from './distillJob.ts';
import { DISTILL, type DistillOptions } from './distillOptions.ts';
import { measureEpochs } from './epochs.ts';
import type { DistillEvent } from './events.ts';
import { learnerOf } from './learner.ts';
import { openCheckpoints } from './openCheckpoints.ts';
import { type DistillReport, makeReport, usageSince } from './report.ts';
import { factsOf, reproducibleWith, requireSame } from './reproduce.ts';
import { holdDecodedOf, lookAtAll } from './scan.ts';
import { startTeaching } from './teaching.ts';

/** What a run gives: the student that was passed in, with its new weights, and what happened. */
export interface Distilled {
  readonly student: Student;
  readonly report: DistillReport;
  /** The teacher's outputs for the held-out examples, [N, ...] by name. */
  readonly holdoutAnswers: NamedArrays | undefined;
  /** The student that learned without the teacher, where `control` asked for it and it was possible. */
  readonly controlStudent: Student | undefined;
}

/** Where a run trains, and whom it tells. */
interface Place {
  readonly trainer: Trainer;
  readonly emit: (event: DistillEvent) => void;
  readonly signal: AbortSignal;
  readonly startedAt: number;
}

/** The run of checked options on an open trainer, with the student to itself. Throws what `distill` throws. */
export async function runDistill(
  asked: DistillOptions,
  { trainer, emit, signal, startedAt }: Place,
): Promise<Distilled> {
  const loss = asked.loss ?? softTargets();
  const teacher = asked.teacher && readAsLogits(asked.teacher, logitOutputs(asked, loss));
  const options = { ...DISTILL.read(asked), teacher };
  const { data, holdout } = options;
  using _decoded = holdDecodedOf(options);
  const student = asStudent(options.student);
  const learner = learnerOf(student, loss);
  // Ends the asking when the training ends early.
  const teaching = new AbortController();
  const end = () => teaching.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  const watching = teacher?.watch?.((message) => emit({ type: 'notice', message }));
  try {
    emit({ type: 'phase', phase: 'check', backend: trainer.description });
    for (const message of trainer.description.notices) emit({ type: 'notice', message });
    const usedBefore = teacher?.usage?.();
    const wanted = await makeJob(options, learner, loss);
    if (learner.notice !== undefined) emit({ type: 'notice', message: learner.notice });
    const { reproduce } = options;
    if (reproduce !== undefined) requireSame({ ...reproduce, teacher: undefined }, factsOf(wanted, trainer));
    const { job, studentDescription } = await checkFirstBatch(options, wanted, loss, trainer, signal);
    const probs = outerReads(options, loss).filter((name) => teacher?.description.fromProbs?.includes(name));
    if (teacher !== undefined && probs.length > 0) {
      emit({ type: 'notice', message: probsNotice(teacher.description.name, probs) });
    }
    // Known only now: a teacher has chosen its device, and how many it wants at a time, when it has answered.
    const teacherBatchSize = options.teacherBatchSize ?? teacher?.description.batchSize ?? 32;
    const learnedFrom = outerReads(options, loss).length > 0 ? teacher : undefined;
    const facts = factsOf(job, trainer, learnedFrom?.description, teacherBatchSize);
    if (reproduce !== undefined) requireSame(reproduce, facts);
    const { labels: truth, sequences } = await lookAtAll(options, loss, studentDescription, emit, signal);
    const control = await openControl({ options, loss, job, student: studentDescription, trainer, signal });

    const notice = (message: string) => emit({ type: 'notice', message });
    const determined = { job, trainer: facts.trainer, versions: facts.versions, teacher: facts.teacher?.identity };
    const checkpoints = options.checkpoints && (await openCheckpoints(options.checkpoints, determined, notice));
    const found = await checkpoints?.recall();
    const kept = found !== undefined && found.state.epoch < job.epochs ? found : undefined;
    if (kept !== undefined) {
      notice(`The run goes on after epoch ${kept.state.epoch} of ${job.epochs}, where an earlier one was ended.`);
    }

    emit({ type: 'phase', phase: 'train' });
    const trainStartedAt = performance.now();
    const lessons = startTeaching({
      teacher,
      data: options.teacherData ?? data,
      holdout: options.teacherHoldout ?? holdout,
      // One batch of all: the order does not depend on the size of batches.
      order: epochBatches({ ...job, batchSize: job.size }, (kept?.state.epoch ?? 0) + 1)[0] as Int32Array,
      // A colocated teacher is asked in the trainer's worker.
      outputs: job.asksColocatedTeacher ? [] : outerReads(options, loss),
      batchSize: options.teacherBatchSize,
      memoryBytes: options.answerMemoryBytes,
      epochs: job.epochs,
      emit,
      signal: teaching.signal,
    });
    const { outputKind, metrics } = options;
    const scoring = { loss, lessons, truth, sequences, outputKind, metrics, outputs: studentDescription.outputs };
    const measured = measureEpochs({ ...scoring, job, earlier: kept?.epochs, emit });
    const source = {
      ...makeSource(options, loss, lessons, signal),
      judge: measured.judge,
      ...(checkpoints && {
        recallState: async () => kept?.state,
        keepState: async (state: RunState) => checkpoints.keep(state, await measured.soFar()),
      }),
    };
    const outcome = await trainer.train(job, source, measured.onEvent, signal);
    await learner.adopt(outcome.artifacts, outcome.members);
    throwIfAborted(signal);
    if (outcome.error !== undefined) throw outcome.error;
    const epochs = await measured.finish();
    const holdoutAnswers = await lessons.holdout;
    const memory = await trainer.memory();
    const trainMs = performance.now() - trainStartedAt;
    const best = measured.best();
    const scores = (epochs.find(({ epoch }) => epoch === best?.epoch) ?? epochs.at(-1))?.holdout ?? {};
    const distilled = { holdout: scores, outputs: measured.lastOutputs() };
    const controlled =
      control && (await trainControl(control, { ...scoring, distilled, trainer, student: learner, emit, signal }));
    await checkpoints?.remove();
    emit({ type: 'phase', phase: 'done' });
    const teacherUsage = usageSince(usedBefore, teacher?.usage?.(), outcome.colocatedUsage);
    const report = makeReport({
      job,
      loss,
      epochs,
      holdout: scores,
      ...(best && { best }),
      memory,
      teacher: teacher?.description,
      teacherUsage,
      reproducibleWith: reproducibleWith({ facts, teacher: learnedFrom?.description, found: teacherUsage?.found ?? 0 }),
      overlapFraction: measured.overlapFraction(),
      ...outcome.report,
      ...(controlled && { control: controlled.report }),
      backend: trainer.description,
      ...(outcome.stepThreads && { stepThreads: outcome.stepThreads.figures }),
      student: { ...studentDescription, bytes: outcome.artifacts.weightData.byteLength },
      timeMs: { teacher: lessons.busyMs().total, train: trainMs, total: performance.now() - startedAt },
    });
    return { student, report, holdoutAnswers, controlStudent: controlled?.student };
  } finally {
    watching?.();
    signal.removeEventListener('abort', end);
    teaching.abort();
  }
}
