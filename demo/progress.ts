import { signal } from '@preact/signals';
import { everyFrame } from './dom.ts';
import { bytes, count, countOf, duration, figures, percent, timeLeft } from './format.ts';
import type { JobEvent, JobOptions } from './job.ts';

export const STEPS = ['load', 'teacher', 'train', 'measure', 'export'] as const;
export type Step = (typeof STEPS)[number];

export interface StepView {
  readonly mood: 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
  readonly detail: string;
  /** 0 to 1; undefined while unknown. */
  readonly fraction: number | undefined;
  readonly startedAt: number;
}

export interface EpochRow {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly agreement: number;
  readonly ms: number;
}

/** What the page shows of a run. */
export interface ProgressView {
  readonly steps: Readonly<Record<Step, StepView>>;
  readonly epochs: readonly EpochRow[];
  /** Of single steps: when, counted in epochs, and the loss. */
  readonly losses: { readonly at: readonly number[]; readonly loss: readonly number[] };
  readonly planned: number;
  /** The newest thing that a screen reader should say. */
  readonly announcement: string;
}

export interface Progress {
  readonly view: { readonly value: ProgressView };
  begin(options: JobOptions, noun: string): void;
  take(event: JobEvent): void;
  /** Closes the running step. */
  end(mood: 'done' | 'stopped' | 'failed'): void;
  /** A clause that says how far the run got. */
  reached(): string;
  /** Epochs that are finished. */
  finishedEpochs(): number;
}

export const NAMES: Readonly<Record<Step, string>> = {
  load: 'Load teacher and data',
  teacher: 'Ask the teacher',
  train: 'Train the student',
  measure: 'Measure both',
  export: 'Take it elsewhere',
};
const INTROS: Readonly<Record<Step, string>> = {
  load: 'The files are read; then two workers start.',
  teacher: 'It answers every example once, with a score for each class; the answers are kept.',
  train: 'It learns from the answers that are there while the teacher works on the rest.',
  measure: 'On examples that neither was trained on, and by the clock.',
  export: 'The student as ONNX, in full and smaller, each tested in onnxruntime-web.',
};
/** Points of the loss's curve; with more, every second one is left out. */
const MOST_POINTS = 400;
/** Curves are drawn no more often than this. */
const CURVE_MS = 250;

const fresh = (planned: number): ProgressView => ({
  steps: Object.fromEntries(
    STEPS.map((step) => [step, { mood: 'waiting', detail: INTROS[step], fraction: 0, startedAt: 0 }]),
  ) as Record<Step, StepView>,
  epochs: [],
  losses: { at: [], loss: [] },
  planned,
  announcement: '',
});

/** What a run's events come to; teacher and student work at the same time. Events only change numbers; the page is told once a frame. */
export function createProgress(): Progress {
  const view = signal(fresh(0));
  let now = view.value;
  let noun = 'example';
  let answeredIn = '';
  let where = 'before it began';
  let points: [at: number, loss: number][] = [];
  let every = 1;
  let seen = 0;
  let drawnAt = 0;
  const redraw = everyFrame(() => {
    view.value = now;
  });

  function change(step: Step, part: Partial<StepView>) {
    now = { ...now, steps: { ...now.steps, [step]: { ...now.steps[step], ...part } } };
  }

  function enter(step: Step, detail: string) {
    if (now.steps[step].mood !== 'waiting') return;
    change(step, { mood: 'running', detail, fraction: undefined, startedAt: performance.now() });
    now = { ...now, announcement: NAMES[step] };
  }

  function finish(step: Step, mood: StepView['mood']) {
    const { mood: before, fraction, startedAt } = now.steps[step];
    if (before !== 'running') return;
    if (mood !== 'done') change(step, { mood, fraction: fraction ?? 0 });
    else change(step, { mood, fraction: 1, detail: summaryOf(step, performance.now() - startedAt) });
  }

  function summaryOf(step: Step, ms: number): string {
    if (step === 'train') {
      const last = now.epochs.at(-1);
      return `${countOf(now.epochs.length, 'epoch')} in ${duration(ms)} · loss ${figures(last?.loss)} · agreement ${percent(last?.agreement)}`;
    }
    if (step !== 'teacher') return `Took ${duration(ms)}.`;
    return answeredIn === '' ? 'Nothing was asked.' : `${answeredIn} in ${duration(ms)}`;
  }

  /** Keeps the curve short, however long the run. */
  function addLoss(at: number, loss: number) {
    if (seen++ % every === 0) points.push([at, loss]);
    if (points.length > MOST_POINTS) {
      points = points.filter((_, i) => i % 2 === 0);
      every *= 2;
    }
    if (performance.now() - drawnAt > CURVE_MS) drawCurve();
  }

  function drawCurve() {
    drawnAt = performance.now();
    now = { ...now, losses: { at: points.map(([at]) => at), loss: points.map(([, loss]) => loss) } };
  }

  const take = (event: JobEvent) => {
    switch (event.type) {
      case 'stage':
        if (event.stage === 'load') enter('load', 'Fetching files and starting the workers.');
        if (event.stage === 'load' || event.stage === 'distill') break;
        for (const step of STEPS) finish(step, 'done');
        if (event.stage === 'export') {
          enter('export', 'As ONNX in float32, int8 and float16, each run by onnxruntime-web.');
          where = 'while the student was being exported';
          break;
        }
        enter('measure', 'Timing both models, one example at a time and 32 at a time.');
        where = 'while both models were being measured';
        break;
      case 'load': {
        const { loadedBytes, totalBytes } = event;
        const of = totalBytes === undefined ? '' : ` of ${bytes(totalBytes)}`;
        change('load', {
          fraction: totalBytes && loadedBytes / totalBytes,
          detail: `Teacher: ${bytes(loadedBytes)}${of}`,
        });
        where = 'while the teacher was loading';
        break;
      }
      case 'open':
        change('load', { fraction: undefined, detail: `Opening the teacher (${bytes(event.bytes)}).` });
        break;
      case 'phase':
        if (event.phase === 'check')
          change('load', { fraction: undefined, detail: 'Checking one batch all the way through.' });
        if (event.phase !== 'train') break;
        finish('load', 'done');
        enter('teacher', `The first ${noun}s are being read.`);
        enter('train', 'Waiting for the first answers.');
        break;
      case 'examples': {
        const { looked, total } = event;
        change('load', {
          fraction: looked / total,
          detail: `Looking at ${count(looked)} of ${count(total)} ${noun}s.`,
        });
        break;
      }
      case 'teacher': {
        const { answered, total, examplesPerSecond, remainingMs } = event;
        const speed = `${figures(examplesPerSecond)} a second`;
        const detail = `${count(answered)} of ${count(total)} ${noun}s · ${speed} · ${timeLeft(remainingMs)}`;
        change('teacher', { fraction: answered / total, detail });
        answeredIn = `${countOf(answered, noun)}, ${speed},`;
        if (answered === total) finish('teacher', 'done');
        where = `while the teacher was answering (${count(answered)} of ${count(total)} ${noun}s)`;
        break;
      }
      case 'step': {
        const { epoch, step, steps: inEpoch, loss, examplesPerSecond, remainingMs } = event;
        const detail = [
          `Epoch ${epoch} of ${now.planned}, step ${step} of ${inEpoch}`,
          `loss ${figures(loss)}`,
          ...(now.epochs.length > 0 ? [`agreement ${percent(now.epochs.at(-1)?.agreement)}`] : []),
          `${figures(examplesPerSecond)} ${noun}s a second`,
          timeLeft(remainingMs),
        ];
        const at = epoch - 1 + step / inEpoch;
        change('train', { fraction: at / now.planned, detail: detail.join(' · ') });
        addLoss(at, loss);
        where = `in epoch ${epoch} of ${now.planned}`;
        break;
      }
      case 'epoch': {
        const { epoch, loss, ms, holdout } = event;
        const unknown = Number.NaN;
        const { accuracy = unknown, agreement = unknown } = holdout as { accuracy?: number; agreement?: number };
        const announcement = `Epoch ${epoch} of ${now.planned}: agreement ${percent(agreement)}, ${timeLeft(event.remainingMs)}.`;
        now = { ...now, announcement, epochs: [...now.epochs, { epoch, loss, ms, accuracy, agreement }] };
        drawCurve();
        break;
      }
    }
    redraw();
  };

  return {
    view,
    begin(options, called) {
      now = fresh(options.epochs);
      noun = called;
      answeredIn = '';
      where = 'before anything was loaded';
      points = [];
      every = 1;
      seen = 0;
      redraw();
    },
    take,
    end(mood) {
      for (const step of STEPS) finish(step, mood);
      const announcement = { done: 'The run is done.', stopped: 'The run was stopped.', failed: 'The run failed.' }[
        mood
      ];
      now = { ...now, announcement };
      redraw();
    },
    reached: () => where,
    finishedEpochs: () => now.epochs.length,
  };
}
