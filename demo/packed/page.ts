// The small demo that the package holds (`limbeck demo`): it needs nothing but the package's own files.
import {
  cnn,
  crossEntropy,
  type DistillEvent,
  type DistillReport,
  detectCapabilities,
  distill,
  LimbeckError,
  mlp,
  type Run,
  snapshot,
  toBundle,
  withoutLabels,
} from 'limbeck';
import { count, duration, figures } from '../format.ts';
import { NAMES, SIDE, shapes } from './shapes.ts';

const TEACHER_EXAMPLES = 3000;
const STUDENT_EXAMPLES = 3000;
const EPOCHS = 5;

const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const [start, stop] = [byId<HTMLButtonElement>('start'), byId<HTMLButtonElement>('stop')];
const [status, bar] = [byId('status'), byId<HTMLProgressElement>('progress')];

start.addEventListener('click', () => void work());
void describeDevice();

async function work(): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => controller.abort();
  stop.addEventListener('click', abort);
  [start.disabled, stop.disabled] = [true, false];
  try {
    const holdout = shapes(1000, 3);
    const large = cnn({ inputShape: [SIDE, SIDE, 1], classes: NAMES.length });
    const taught = await show(
      'The teacher learns',
      distill({
        student: large,
        data: shapes(TEACHER_EXAMPLES, 1),
        holdout,
        loss: crossEntropy(),
        epochs: EPOCHS,
        signal,
      }),
    );
    await using teacher = await snapshot(large);
    const small = mlp({ inputShape: [SIDE, SIDE, 1], classes: NAMES.length, hidden: [24] });
    const learned = await show(
      'The student learns from the teacher',
      distill({
        teacher,
        student: small,
        data: withoutLabels(shapes(STUDENT_EXAMPLES, 2)),
        holdout,
        epochs: 2 * EPOCHS,
        signal,
      }),
    );
    report([
      ['teacher', taught],
      ['student', learned],
    ]);
    const bytes = await toBundle(small, { labels: [...NAMES], report: learned });
    byId<HTMLAnchorElement>('download').href = URL.createObjectURL(new Blob([bytes]));
    byId('offer').hidden = false;
    status.textContent = 'Done.';
  } catch (error) {
    status.textContent = signal.aborted ? 'Stopped.' : textOf(error);
  } finally {
    stop.removeEventListener('click', abort);
    [start.disabled, stop.disabled] = [false, true];
  }
}

async function show(what: string, run: Run<{ report: DistillReport }, DistillEvent>): Promise<DistillReport> {
  for await (const event of run) {
    if (event.type !== 'step') continue;
    bar.value = event.runStep / event.runSteps;
    status.textContent = `${what}: epoch ${event.epoch}, loss ${figures(event.loss)}`;
  }
  return (await run.done).report;
}

function report(rows: readonly (readonly [string, DistillReport])[]): void {
  const table = byId<HTMLTableElement>('results');
  table.hidden = false;
  table.tBodies[0]?.replaceChildren(
    ...rows.map(([name, { holdout, student, timeMs }]) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      const cells = [
        `${Math.round(1000 * (holdout['accuracy'] ?? 0)) / 10} %`,
        count(student.parameters),
        duration(timeMs.total),
      ];
      row.append(head, ...cells.map((text) => Object.assign(document.createElement('td'), { textContent: text })));
      return row;
    }),
  );
}

async function describeDevice(): Promise<void> {
  const { cores, hasThreads, hasWebGpu, isIsolated, simdLevel } = await detectCapabilities();
  const lines = [
    `SIMD: ${simdLevel}`,
    hasThreads ? `Threads: yes, ${cores} cores` : `Threads: no${isIsolated ? '' : ', the page is not isolated'}`,
    `WebGPU: ${hasWebGpu ? 'yes' : 'no'}`,
  ];
  byId('device').replaceChildren(
    ...lines.map((text) => Object.assign(document.createElement('li'), { textContent: text })),
  );
}

function textOf(error: unknown): string {
  return error instanceof LimbeckError ? error.message : String(error);
}
