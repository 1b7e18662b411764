import './report.css';
import './style.css';
import { cnn, type Store, type Student, type StudentArtifacts, toFiles } from 'limbeck';
import { showDevice } from './device.ts';
import { button, byId, nextTurn, setText } from './dom.ts';
import { openFrame } from './frame/openFrame.tsx';
import { JOB_DEFAULTS, type JobEvent, type JobOptions, runJob } from './job.ts';
import type { JobResult } from './jobReport.ts';
import { type Keep, openKeep } from './keep.ts';
import { html } from './markup.ts';
import { showDownloads, showLast, showResult, studentDownloads } from './outcome.ts';
import { createProgress } from './progress.ts';

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
  memory: 'memory, until it is reloaded',
  disk: 'a folder',
} as const;

openFrame();
let controller = new AbortController();
const demo: Window['limbeckDemo'] = {
  events: [],
  state: 'idle',
  start() {
    if (demo.state !== 'running') void run(readControls());
  },
  cancel() {
    if (demo.state === 'running') setText(stopButton, 'Stopping…');
    controller.abort();
  },
};
window.limbeckDemo = demo;

const startButton = byId<HTMLButtonElement>('start');
const stopButton = byId<HTMLButtonElement>('stop');
const settings = byId<HTMLFieldSetElement>('settings');
const kernels = byId<HTMLInputElement>('kernels');
const fresh = byId<HTMLInputElement>('fresh');
const progress = createProgress();
const keeping = openKeep();

fillControls(new URLSearchParams(location.search));
byId('controls').addEventListener('submit', (event) => {
  event.preventDefault();
  demo.start();
});
stopButton.addEventListener('click', () => demo.cancel());
void greet();
// A turn later, so that the page is painted first.
if (new URLSearchParams(location.search).get('autostart') === '1') void nextTurn().then(demo.start);

/** Shows what the device offers and what an earlier visit left. */
async function greet(): Promise<void> {
  const keep = await keeping;
  demo.storeKind = keep.kind;
  await showDevice(keep);
  try {
    const last = await keep.load();
    if (last === undefined || demo.state === 'done') return;
    await showLast(last, titleOf(keep));
    offerDeletion(keep, byId('last'));
  } catch (error) {
    byId('last').innerHTML = html`<div class="report"><h2 id="last-title">Last run</h2>
<p>It cannot be read: ${errorOf(error).message}</p><p class="kept-note"></p></div>`.markup;
    byId('last').hidden = false;
    offerDeletion(keep, byId('last'));
  }
}

async function run(options: JobOptions): Promise<void> {
  controller = new AbortController();
  const { signal } = controller;
  demo.events = [];
  demo.result = demo.reportHtml = demo.error = undefined;
  for (const id of ['error', 'notice-list', 'result']) byId(id).replaceChildren();
  byId('result').hidden = byId('kept').hidden = true;
  const notices = new Set<string>();
  progress.begin(options);
  setState('running');
  let student: Student | undefined;
  try {
    student = cnn({ classes: 10 });
    const result = await runJob(options, take, signal, student);
    const page = await showResult(result);
    progress.end('done');
    await keepResult(result);
    demo.result = result;
    demo.reportHtml = page;
    setState('done');
  } catch (error) {
    progress.end(signal.aborted ? 'stopped' : 'failed');
    if (!signal.aborted) showError(error);
    showKept(student?.artifacts, signal.aborted);
    setState(signal.aborted ? 'cancelled' : 'failed');
  }

  function take(event: JobEvent) {
    if (demo.events.length >= MOST_EVENTS) demo.events.shift();
    demo.events.push(event);
    progress.take(event);
    if (event.type !== 'notice' || notices.has(event.message)) return;
    notices.add(event.message);
    showNotices([...notices], options);
  }
}

function setState(state: State): void {
  const wasFocused = document.activeElement;
  demo.state = state;
  document.documentElement.dataset['state'] = state;
  const isRunning = state === 'running';
  // The focused button must not be disabled, so the other button takes the focus first.
  (isRunning ? stopButton : startButton).disabled = false;
  if (isRunning && byId('controls').contains(wasFocused)) stopButton.focus({ preventScroll: true });
  if (!isRunning && wasFocused === stopButton) startButton.focus({ preventScroll: true });
  (isRunning ? startButton : stopButton).disabled = true;
  settings.disabled = isRunning;
  setText(stopButton, 'Stop');
  if (!isRunning) document.getElementById('kernels-on')?.remove();
}

function fillControls(query: URLSearchParams): void {
  for (const name of ['epochs', 'limit', 'seed', 'threads'] as const) {
    const input = byId<HTMLInputElement>(name);
    input.value = query.get(name) ?? '';
    // A browser empties a number field with invalid content.
    if (input.value === '') input.value = String(JOB_DEFAULTS[name] ?? '');
  }
  kernels.checked = (query.get('kernels') ?? JOB_DEFAULTS.kernels) !== 'off';
  fresh.checked = (query.get('fresh') ?? JOB_DEFAULTS.fresh) !== 'no';
}

function readControls(): JobOptions {
  const number = (name: string) => {
    const { valueAsNumber } = byId<HTMLInputElement>(name);
    return Number.isNaN(valueAsNumber) ? undefined : valueAsNumber;
  };
  const { epochs, seed, limit } = JOB_DEFAULTS;
  return {
    epochs: number('epochs') ?? epochs,
    seed: number('seed') ?? seed,
    limit: number('limit') ?? limit,
    kernels: kernels.checked ? 'on' : 'off',
    threads: number('threads'),
    fresh: fresh.checked ? 'yes' : 'no',
    device: (new URLSearchParams(location.search).get('device') ?? JOB_DEFAULTS.device) as JobOptions['device'],
  };
}

function showNotices(messages: readonly string[], options: JobOptions): void {
  byId('notices').innerHTML =
    html`<ul class="notices">${messages.map((message) => html`<li>${message}</li>`)}</ul>`.markup;
  if (options.kernels === 'on' || document.getElementById('kernels-on')) return;
  const stop = button('Stop and turn kernels on', () => {
    kernels.checked = true;
    stopButton.focus({ preventScroll: true });
    demo.cancel();
  });
  stop.id = 'kernels-on';
  byId('notices').append(stop);
}

function showError(error: unknown): void {
  demo.error = errorOf(error);
  const { name, code, message } = demo.error;
  byId('error').innerHTML = html`<div class="error"><h2>The run failed</h2><p>${message}</p>
<p class="code">Code: <code>${code ?? name}</code></p></div>`.markup;
}

function errorOf(error: unknown): { name: string; code?: string; message: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, code } = error as Error & { code?: unknown };
  return { name, message, ...(typeof code === 'string' ? { code } : {}) };
}

/** After a stop: says what there is of the student, and offers it. After an error only if there is something. */
function showKept(artifacts: StudentArtifacts | undefined, wasStopped: boolean): void {
  if (artifacts === undefined && !wasStopped) return;
  setText(byId('kept-title'), wasStopped ? 'The run was stopped' : 'What is left');
  const reached = `${wasStopped ? 'Stopped' : 'Ended'} ${progress.reached()}.`;
  const kept =
    artifacts === undefined
      ? 'The student had not taken a step, so there is nothing to keep.'
      : 'This is the student after its last step. Download it here; it is not stored.';
  setText(byId('kept-text'), `${reached} ${kept}`);
  if (artifacts === undefined) byId('kept-files').replaceChildren();
  else showDownloads(byId('kept-files'), studentDownloads(toFiles(artifacts)));
  byId('kept').hidden = false;
}

async function keepResult(result: JobResult): Promise<void> {
  const keep = await keeping;
  const note = byId('result').querySelector('.kept-note') as HTMLElement;
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
        (section.querySelector<HTMLElement>('h2[tabindex]') ?? startButton).focus({ preventScroll: true });
      } catch (error) {
        setText(note, `It could not be deleted: ${errorOf(error).message}`);
      }
    }),
  );
}

function titleOf({ kind }: Keep): string {
  return kind === undefined ? 'no store' : STORE_TITLES[kind];
}
