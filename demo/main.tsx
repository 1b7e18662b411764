import './report.css';
import './style.css';
import { signal } from '@preact/signals';
import type { Store, Student } from 'limbeck';
import { digitTask } from './digits.ts';
import { DistilPage, type Left } from './distil/distilPage.tsx';
import { student as chosenStudent, isRunning, missing, optionsNow, readAddress, taskNow } from './distil/setup.ts';
import { button, byId, nextTurn, setText } from './dom.ts';
import { openFrame } from './frame/openFrame.tsx';
import { errorOf, type PlainError } from './frame/plainError.ts';
import { type JobEvent, type JobOptions, runJob } from './job.ts';
import type { JobResult } from './jobReport.ts';
import { type Keep, openKeep } from './keep.ts';
import { html } from './markup.ts';
import { showLast, showResult } from './outcome.ts';
import { createProgress } from './progress.ts';
import type { Task } from './task.ts';

type State = 'idle' | 'running' | 'done' | 'cancelled' | 'failed';

declare global {
  interface Window {
    /** For tests and scripts that drive the page: what happened so far, and the result. */
    limbeckDemo: {
      /** The newest 20,000. */
      events: JobEvent[];
      state: State;
      result?: JobResult;
      /** The text of report.html, once the state is done. */
      reportHtml?: string;
      error?: { name: string; code?: string; message: string };
      storeKind?: Store['kind'];
      /** Starts a run with the controls' values; does nothing during a run. */
      start(): void;
      cancel(): void;
    };
  }
}

const MOST_EVENTS = 20_000;
const STORE_TITLES = {
  opfs: 'OPFS',
  indexeddb: 'IndexedDB',
  disk: 'a folder',
  memory: 'memory, until it is reloaded',
} as const;

/** A run: what it distils, how, and into whom. */
interface Job {
  readonly task: Task;
  readonly options: JobOptions;
  readonly student: Student;
}

const state = signal<State>('idle');
const isStopping = signal(false);
const notices = signal<readonly string[]>([]);
const error = signal<PlainError | undefined>(undefined);
const left = signal<Left | undefined>(undefined);
const progress = createProgress();
const keeping = openKeep();
let controller = new AbortController();
let last: Job | undefined;

const demo: Window['limbeckDemo'] = {
  events: [],
  state: 'idle',
  start() {
    const student = chosenStudent.value?.make();
    if (demo.state === 'running' || missing.value !== undefined || student === undefined) return;
    void run({ task: taskNow(), options: optionsNow(), student });
  },
  cancel() {
    isStopping.value = demo.state === 'running';
    controller.abort();
  },
};
window.limbeckDemo = demo;

const query = new URLSearchParams(location.search);
readAddress(query);
openFrame(
  <DistilPage
    {...{ state, isStopping, notices, error, left, progress, keeping, goOn }}
    start={demo.start}
    cancel={demo.cancel}
  />,
);
void greet();
// A turn later, so that the page is painted first.
if (query.get('autostart') === '1') void nextTurn().then(demo.start);

/** Shows what an earlier visit left. */
async function greet(): Promise<void> {
  const keep = await keeping;
  demo.storeKind = keep.kind;
  try {
    const kept = await keep.load();
    if (kept === undefined || demo.state === 'done') return;
    await showLast(kept, titleOf(keep));
    offerDeletion(keep, byId('last'));
  } catch (cause) {
    byId('last').innerHTML = html`<div class="report"><h2 id="last-title">Last run</h2>
<p>It cannot be read: ${errorOf(cause).message}</p><p class="kept-note"></p></div>`.markup;
    byId('last').hidden = false;
    offerDeletion(keep, byId('last'));
  }
}

async function run(job: Job): Promise<void> {
  const { task, options, student } = job;
  last = job;
  controller = new AbortController();
  const { signal } = controller;
  demo.events = [];
  demo.result = demo.reportHtml = demo.error = undefined;
  error.value = left.value = undefined;
  notices.value = [];
  byId('result').replaceChildren();
  byId('result').hidden = true;
  progress.begin(options, task.noun);
  setState('running');
  try {
    const result = await runJob(options, take, signal, student, task);
    const page = await showResult(result);
    progress.end('done');
    await keepResult(result, task);
    demo.result = result;
    demo.reportHtml = page;
    setState('done');
  } catch (cause) {
    progress.end(signal.aborted ? 'stopped' : 'failed');
    if (!signal.aborted) error.value = demo.error = errorOf(cause);
    left.value = leftOf(job, signal.aborted);
    setState(signal.aborted ? 'cancelled' : 'failed');
  }

  function take(event: JobEvent) {
    if (demo.events.length >= MOST_EVENTS) demo.events.shift();
    demo.events.push(event);
    progress.take(event);
    if (event.type !== 'notice' || notices.value.includes(event.message)) return;
    notices.value = [...notices.value, event.message];
  }
}

/** Continues a run that was stopped, from the weights that it left, for the epochs that were not finished. */
function goOn(): void {
  if (last === undefined || demo.state === 'running') return;
  const epochs = Math.max(1, last.options.epochs - progress.finishedEpochs());
  void run({ ...last, options: { ...last.options, epochs, fresh: 'no' } });
}

function setState(next: State): void {
  demo.state = state.value = next;
  isRunning.value = next === 'running';
  document.documentElement.dataset['state'] = next;
  isStopping.value = false;
}

/** After a stop: what there is of the student. After an error only if there is something. */
function leftOf({ student: { artifacts } }: Job, wasStopped: boolean): Left | undefined {
  if (artifacts === undefined && !wasStopped) return undefined;
  const reached = `${wasStopped ? 'Stopped' : 'Ended'} ${progress.reached()}.`;
  const kept =
    artifacts === undefined
      ? 'The student had not taken a step, so there is nothing to keep.'
      : 'This is the student after its last step. Download it here; it is not stored.';
  return {
    title: wasStopped ? 'The run was stopped' : 'What is left',
    sentence: `${reached} ${kept}`,
    artifacts,
    canGoOn: true,
  };
}

/** Only the digit reader is kept: the page that personalizes it knows no other. */
async function keepResult(result: JobResult, task: Task): Promise<void> {
  const keep = await keeping;
  const note = byId('result').querySelector('.kept-note') as HTMLElement;
  if (task !== digitTask) {
    setText(note, 'Not kept in this browser: download what you want to keep.');
    return;
  }
  try {
    await keep.save(result);
    setText(note, keep.kind === undefined ? `Not kept: ${keep.why}` : `Kept in this browser (${titleOf(keep)}). `);
    if (keep.kind !== undefined) offerDeletion(keep, byId('result'));
  } catch (error) {
    setText(note, `It could not be kept in this browser: ${errorOf(error).message}`);
  }
  byId('last').hidden = true;
}

function offerDeletion(keep: Keep, section: HTMLElement): void {
  const note = section.querySelector('.kept-note') as HTMLElement;
  note.append(
    button('Delete it from this browser', async () => {
      try {
        await keep.clear();
        setText(note, 'Deleted from this browser.');
        if (section.id === 'last') section.hidden = true;
        // The button that had the focus is gone.
        (section.querySelector<HTMLElement>('h2[tabindex]') ?? byId('start')).focus({ preventScroll: true });
      } catch (error) {
        setText(note, `It could not be deleted: ${errorOf(error).message}`);
      }
    }),
  );
}

function titleOf({ kind }: Keep): string {
  return kind === undefined ? 'no store' : STORE_TITLES[kind];
}
