// Runs that share the trainer of a page, and one with a trainer of its own.
import {
  type DistillOptions,
  distill,
  fromArrays,
  fromFunction,
  type LabelledDataset,
  loadStudent,
  loadTeacher,
  mlp,
  ndArray,
  openProfile,
  openStore,
  openTrainer,
  releaseTrainer,
  type Student,
  studentLearner,
  toOnnx,
} from 'limbeck';

const FEATURES = 6;
const SIZE = 512;
const data = Float32Array.from({ length: SIZE * FEATURES }, (_, i) => Math.sin(i * i * 0.37));
const labels = Int32Array.from({ length: SIZE }, (_, i) => ((data[i * FEATURES] ?? 0) > 0 ? 1 : 0));
const all: LabelledDataset = fromArrays({ x: ndArray(data, [SIZE, FEATURES]) }, labels);

const teacher = fromFunction(
  async ({ x }) => {
    const rows = x?.shape[0] ?? 0;
    const values = { length: rows * 2 };
    const logits = Float32Array.from(values, (_, i) => (i % 2 ? 2 : -2) * (x?.data[(i >> 1) * FEATURES] ?? 0));
    return { logits: ndArray(logits, [rows, 2]) };
  },
  { name: 'sign' },
);

const small = () => mlp({ inputShape: [FEATURES], classes: 2, hidden: [64] });

async function notices(options: Partial<DistillOptions>, student: Student): Promise<string[]> {
  const told: string[] = [];
  const run = distill({ teacher, student, data: all, batchSize: 32, seed: 1, ...options });
  for await (const event of run) if (event.type === 'notice') told.push(event.message);
  await run.done;
  return told;
}

const bytesOf = ({ artifacts }: Student) => String(new Uint8Array(artifacts?.weightData as ArrayBuffer));

const pageTrainer = {
  /** Two at once; the same student learned alone, in a trainer that is warm, must come out the same. */
  async twoRuns() {
    const [one, other, again] = [small(), small(), small()];
    const [first, second] = await Promise.all([notices({ epochs: 3 }, one), notices({ epochs: 3 }, other)]);
    await notices({ epochs: 3 }, again);
    return { first, second, isEqual: bytesOf(one) === bytesOf(other) && bytesOf(one) === bytesOf(again) };
  },

  /** A profile is asked while a run that lasts until it is cancelled has the trainer. */
  async predictsBesideARun() {
    const base = small();
    await notices({ epochs: 1 }, base);
    const profile = await openProfile(await openStore('page-trainer', { kind: 'memory' }), base);
    const long = distill({ teacher, student: small(), data: all, epochs: 100_000, batchSize: 32 });
    for await (const event of long) if (event.type === 'step') break;
    const answers = [];
    for (const i of [0, 1, 2]) {
      const example = { data: data.slice(i * FEATURES, (i + 1) * FEATURES), shape: [FEATURES] };
      answers.push((await profile.predict(example)).label);
    }
    const waiting = distill({ teacher, student: small(), data: all, signal: AbortSignal.timeout(200) });
    const waited = await waiting.done.catch((error: Error) => error.name);
    long.cancel();
    const ended = await long.done.catch((error: Error) => error.name);
    await profile[Symbol.asyncDispose]();
    return { answers: answers.length, waited, ended };
  },

  /** Where memory is short: what a teacher, the page's trainer and a loaded student say. */
  async smallDevice() {
    const student = small();
    const told = await notices({ epochs: 1 }, student);
    const onnx = await toOnnx(student);
    await using own = await loadTeacher(onnx).done;
    await using loaded = await loadStudent(onnx);
    await using asked = await loadTeacher(onnx, { threads: 2 }).done;
    const [{ threads, notices: ofTeacher }, run] = [own.description, loaded.description];
    const askedFor = asked.description.threads;
    return { told, threads, ofTeacher, askedFor, ofStudent: run.notices, studentThreads: run.threads };
  },

  /** Of a teacher on the kernels, three runs and a profile, on two threads each: what lives while all of it is open. */
  async session() {
    const options = { threads: 2 };
    const shown = small();
    await notices({ epochs: 1, trainer: options }, shown);
    const onnx = await toOnnx(shown);
    const own = await loadTeacher(onnx, { device: 'kernels', batchSize: 32, ...options }).done;
    const learned = small();
    for (const student of [learned, small()]) await notices({ teacher: own, epochs: 1, trainer: options }, student);
    const store = await openStore('page-session', { kind: 'memory' });
    const profile = await openProfile(store, learned, { learner: studentLearner({ trainer: options }) });
    await profile.predict({ data: data.slice(0, FEATURES), shape: [FEATURES] });
    const { held = [] } = await navigator.locks.query();
    const count = (kind: string) => held.filter(({ name }) => name?.startsWith(`limbeck-${kind}-`)).length;
    const open = { device: own.description.device, workers: count('worker'), threads: count('thread') };
    await profile[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
    await releaseTrainer();
    return open;
  },

  async own() {
    await using trainer = await openTrainer();
    await notices({ epochs: 1, trainer }, small());
    return trainer.description.threads;
  },

  release: releaseTrainer,
};

Object.assign(window, { pageTrainer });

declare global {
  interface Window {
    pageTrainer: typeof pageTrainer;
  }
}
