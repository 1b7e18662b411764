import { JOB_DEFAULTS, type JobEvent, type JobOptions, type JobResult, runJob } from './job.ts';

declare global {
  interface Window {
    /** For whoever drives the page: what happened so far, and the result. */
    limbeckDemo: {
      events: JobEvent[];
      result?: JobResult;
      error?: { name: string; code?: string; message: string };
      cancel(): void;
    };
  }
}

const query = new URLSearchParams(location.search);
const number = (name: string, fallback: number) => Number(query.get(name) ?? fallback);
const options: JobOptions = {
  epochs: number('epochs', JOB_DEFAULTS.epochs),
  seed: number('seed', JOB_DEFAULTS.seed),
  limit: number('limit', JOB_DEFAULTS.limit),
  kernels: query.get('kernels') === 'off' ? 'off' : 'on',
  threads: query.has('threads') ? number('threads', 1) : undefined,
};
const controller = new AbortController();
window.limbeckDemo = { events: [], cancel: () => controller.abort() };
const log = document.querySelector('pre') as HTMLPreElement;
runJob(
  options,
  (event) => {
    window.limbeckDemo.events.push(event);
    if (event.type !== 'step' && event.type !== 'teacher') log.textContent += `${JSON.stringify(event)}\n`;
  },
  controller.signal,
).then(
  (result) => {
    window.limbeckDemo.result = result;
    log.textContent += JSON.stringify({ ...result.report, disagreements: result.report.disagreements.length }, null, 1);
  },
  (error) => {
    window.limbeckDemo.error = { name: error.name, code: error.code, message: error.message };
    log.textContent += String(error.stack);
  },
);
