// On the page: the main job, as npm start runs it, and what its student comes to in each form.
import { JOB_DEFAULTS, runJob } from '../../demo/job.ts';

async function student(seed: number, threads: number | undefined) {
  const { report } = await runJob({ ...JOB_DEFAULTS, seed, threads }, () => undefined, new AbortController().signal);
  const { accuracy, bytes, msPerExample } = report.teacher;
  return { forms: report.forms, teacher: { accuracy, bytes, msPerExample } };
}

Object.assign(globalThis, { bench: { student } });
