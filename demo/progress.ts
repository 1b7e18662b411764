import { byId, everyFrame, setText } from './dom.ts';
import { bytes, count, countOf, duration, figures, percent, timeLeft } from './format.ts';
import type { JobEvent, JobOptions } from './job.ts';
import { html } from './markup.ts';
import { accuracyChart, lossChart } from './reportFigures.ts';

const STEPS = ['load', 'teacher', 'train', 'measure', 'export'] as const;
/** The charts show the older epochs too. */
const MOST_ROWS = 8;

type Step = (typeof STEPS)[number];
type EpochRow = Parameters<typeof lossChart>[1][number];

interface StepView {
  mood: 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
  detail: string;
  /** 0 to 1; undefined while unknown. */
  fraction: number | undefined;
  startedAt: number;
}

export interface Progress {
  begin(options: JobOptions): void;
  take(event: JobEvent): void;
  /** Closes the running step. `done` removes the live charts, which the report has. */
  end(mood: 'done' | 'stopped' | 'failed'): void;
  /** A clause that says how far the run got. */
  reached(): string;
}

/** The list of steps, live; teacher and student work at the same time. Events only change numbers; the page is written once a frame. */
export function createProgress(): Progress {
  const rows = Object.fromEntries(
    STEPS.map((step) => [step, byId('progress').querySelector(`[data-step="${step}"]`) as HTMLElement]),
  ) as Record<Step, HTMLElement>;
  const intros = Object.fromEntries(STEPS.map((step) => [step, part(rows[step], '.detail').textContent ?? '']));
  let views = freshViews();
  let epochs: EpochRow[] = [];
  let drawnEpochs = 0;
  let planned = 0;
  let answeredIn = '';
  let where = 'before it began';
  let announcement = '';
  let isPutAway = false;

  function freshViews(): Record<Step, StepView> {
    const fresh = (step: Step): StepView => ({
      mood: 'waiting',
      detail: intros[step] ?? '',
      fraction: 0,
      startedAt: 0,
    });
    return Object.fromEntries(STEPS.map((step) => [step, fresh(step)])) as Record<Step, StepView>;
  }

  function enter(step: Step, detail: string) {
    if (views[step].mood !== 'waiting') return;
    Object.assign(views[step], { mood: 'running', detail, fraction: undefined, startedAt: performance.now() });
    announcement = part(rows[step], '.name').textContent ?? '';
  }

  function finish(step: Step, mood: StepView['mood']) {
    const view = views[step];
    if (view.mood !== 'running') return;
    view.mood = mood;
    view.fraction = mood === 'done' ? 1 : (view.fraction ?? 0);
    if (mood === 'done') view.detail = summaryOf(step, performance.now() - view.startedAt);
  }

  function finishAll(mood: StepView['mood']) {
    for (const step of STEPS) finish(step, mood);
  }

  function summaryOf(step: Step, ms: number): string {
    if (step === 'train') {
      const last = epochs.at(-1);
      return `${countOf(epochs.length, 'epoch')} in ${duration(ms)} · loss ${figures(last?.loss)} · agreement ${percent(last?.agreement)}`;
    }
    if (step !== 'teacher') return `Took ${duration(ms)}.`;
    return answeredIn === '' ? 'Nothing was asked.' : `${answeredIn} in ${duration(ms)}`;
  }

  function update(step: Step, fraction: number | undefined, detail: string) {
    Object.assign(views[step], { fraction, detail });
  }

  const take = (event: JobEvent) => {
    switch (event.type) {
      case 'stage':
        if (event.stage === 'load') enter('load', 'Fetching the digits and starting the workers.');
        if (event.stage === 'load' || event.stage === 'distill') break;
        finishAll('done');
        if (event.stage === 'export') {
          enter('export', 'As ONNX in float32, int8 and float16, each run by onnxruntime-web.');
          where = 'while the student was being exported';
          break;
        }
        enter('measure', 'Timing both models, one digit at a time and 32 at a time.');
        where = 'while both models were being measured';
        break;
      case 'load': {
        const { loadedBytes, totalBytes } = event;
        const of = totalBytes === undefined ? '' : ` of ${bytes(totalBytes)}`;
        update('load', totalBytes && loadedBytes / totalBytes, `Teacher: ${bytes(loadedBytes)}${of}`);
        where = 'while the teacher was loading';
        break;
      }
      case 'open':
        update('load', undefined, `Opening the teacher (${bytes(event.bytes)}).`);
        break;
      case 'phase':
        if (event.phase === 'check') update('load', undefined, 'Checking one batch all the way through.');
        if (event.phase !== 'train') break;
        finish('load', 'done');
        enter('teacher', 'The first digits are being read.');
        enter('train', 'Waiting for the first answers.');
        break;
      case 'examples':
        update(
          'load',
          event.looked / event.total,
          `Looking at ${count(event.looked)} of ${count(event.total)} digits.`,
        );
        break;
      case 'teacher': {
        const { answered, total, examplesPerSecond, remainingMs } = event;
        const speed = `${figures(examplesPerSecond)} a second`;
        update(
          'teacher',
          answered / total,
          `${count(answered)} of ${count(total)} digits · ${speed} · ${timeLeft(remainingMs)}`,
        );
        answeredIn = `${countOf(answered, 'digit')}, ${speed},`;
        if (answered === total) finish('teacher', 'done');
        where = `while the teacher was answering (${count(answered)} of ${count(total)} digits)`;
        break;
      }
      case 'step': {
        const { epoch, step, steps: inEpoch, loss, examplesPerSecond, remainingMs } = event;
        const detail = [
          `Epoch ${epoch} of ${planned}, step ${step} of ${inEpoch}`,
          `loss ${figures(loss)}`,
          ...(epochs.length > 0 ? [`agreement ${percent(epochs.at(-1)?.agreement)}`] : []),
          `${figures(examplesPerSecond)} digits a second`,
          timeLeft(remainingMs),
        ];
        update('train', (epoch - 1 + step / inEpoch) / planned, detail.join(' · '));
        where = `in epoch ${epoch} of ${planned}`;
        break;
      }
      case 'epoch': {
        const { epoch, loss, ms, holdout } = event;
        const unknown = Number.NaN;
        const { accuracy = unknown, agreement = unknown } = holdout as { accuracy?: number; agreement?: number };
        epochs.push({ epoch, loss, ms, accuracy, agreement });
        announcement = `Epoch ${epoch} of ${planned}: agreement ${percent(agreement)}, ${timeLeft(event.remainingMs)}.`;
        break;
      }
    }
    redraw();
  };

  const redraw = everyFrame(() => {
    for (const step of STEPS) drawStep(rows[step], views[step]);
    setText(byId('announcer'), announcement);
    if (drawnEpochs !== epochs.length) drawEpochs();
  });

  function drawEpochs() {
    byId('live').hidden = epochs.length === 0 || isPutAway;
    byId('epoch-rows').innerHTML = epochs.slice(-MOST_ROWS).map(rowOf).reverse().join('');
    drawnEpochs = epochs.length;
    if (epochs.length === 0) return;
    byId('live-loss').innerHTML = lossChart('live-loss-chart', epochs, planned).markup;
    byId('live-accuracy').innerHTML = accuracyChart('live-accuracy-chart', epochs, planned).markup;
  }

  return {
    begin(options) {
      views = freshViews();
      epochs = [];
      drawnEpochs = -1;
      planned = options.epochs;
      answeredIn = '';
      where = 'before anything was loaded';
      announcement = '';
      isPutAway = false;
      redraw();
    },
    take,
    end(mood) {
      finishAll(mood);
      announcement = { done: 'The run is done.', stopped: 'The run was stopped.', failed: 'The run failed.' }[mood];
      isPutAway = mood === 'done';
      if (isPutAway) byId('live').hidden = true;
      redraw();
    },
    reached: () => where,
  };
}

function rowOf({ epoch, loss, accuracy, agreement, ms }: EpochRow): string {
  return html`<tr><th scope="row">${epoch}</th><td>${figures(loss)}</td><td>${percent(accuracy)}</td><td>${percent(agreement)}</td><td>${duration(ms)}</td></tr>`
    .markup;
}

function drawStep(row: HTMLElement, { mood, detail, fraction }: StepView): void {
  if (row.dataset['mood'] !== mood) row.dataset['mood'] = mood;
  setText(part(row, '.mood'), mood);
  setText(part(row, '.detail'), detail);
  const bar = part(row, 'progress') as HTMLProgressElement;
  if (mood === 'running' && fraction === undefined) bar.removeAttribute('value');
  else bar.value = fraction ?? 0;
}

function part(row: HTMLElement, selector: string): HTMLElement {
  return row.querySelector(selector) as HTMLElement;
}
