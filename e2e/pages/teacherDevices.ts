import 'limbeck/webgpu';
import { type LoadTeacherOptions, loadTeacher, openStore, type Teacher } from 'limbeck';
import { oneSlow } from './workerAfter.ts';

const SHAPE = [2, 3, 48, 64];

/** Two pictures of waves; `phase` makes others. */
function pictures(phase = 0) {
  const data = Float32Array.from(
    { length: 2 * 3 * 48 * 64 },
    (_, i) => Math.sin(0.37 * i + phase) * Math.cos(0.013 * i),
  );
  return { x: { data, shape: SHAPE } };
}

async function ask(teacher: Teacher, phase = 0): Promise<number[]> {
  return Array.from((await teacher.ask(pictures(phase)))['logits']?.data ?? []);
}

/** Loads the teacher, asks it once, and tells what became of it. */
export async function askOnce(options: LoadTeacherOptions) {
  await using teacher = await loadTeacher('/model.onnx', { given: 'logits', ...options }).done;
  const before = teacher.description;
  return { answers: await ask(teacher), before, description: teacher.description };
}

/**
 * The same, with measurements kept in a store that outlives the page. With wasm slowed down it is certain which engine is
 * kept for the next visit.
 */
export async function askWithStore(options: LoadTeacherOptions, isWasmSlow: boolean) {
  await using store = await openStore('teacher-devices');
  const { worker } = oneSlow('wasm', 10);
  return { ...(await askOnce({ ...options, store, ...(isWasmSlow && { worker }) })), keys: await store.keys() };
}

/** A worker whose GPU is lost when the page says so. */
function fragileWorker(): Worker {
  const script = `
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      const device = await request.apply(this, options);
      new BroadcastChannel('lose').onmessage = () => device.destroy();
      return device;
    };
    await import('${location.origin}/worker.js');`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
}

/** Loses the GPU while two batches wait for it. */
export async function loseGpu() {
  await using teacher = await loadTeacher('/model.onnx', {
    given: 'logits',
    device: 'webgpu',
    batchSize: 2,
    worker: fragileWorker,
  }).done;
  const told: string[] = [];
  teacher.watch?.((notice) => told.push(notice));
  await ask(teacher);
  const { device } = teacher.description;
  const asking = [ask(teacher, 1), ask(teacher, 2)];
  new BroadcastChannel('lose').postMessage('now');
  return {
    device,
    told,
    answers: await Promise.all(asking),
    description: teacher.description,
    usage: teacher.usage?.(),
  };
}

let waiting: Promise<unknown> | undefined;

/** Begins to ask: so many batches wait, one behind the other, until something was told, however fast they are answered. */
export async function beginAsking(count: number): Promise<void> {
  const teacher = await loadTeacher('/model.onnx', { given: 'logits', device: 'wasm', batchSize: 2 }).done;
  const told: string[] = [];
  teacher.watch?.((notice) => told.push(notice));
  await ask(teacher);
  const asking: ReturnType<typeof ask>[] = [];
  const keepAsking = async () => {
    for (let i = 0; i < count || told.length === 0; i++) {
      asking.push(ask(teacher, i));
      if (i >= count) await asking[i - count];
    }
    const answers = await Promise.all(asking);
    const alone = await Promise.all(answers.map((_, i) => ask(teacher, i)));
    return { answers, alone, told, usage: teacher.usage?.() };
  };
  waiting = keepAsking();
}

export function endAsking() {
  return waiting as Promise<{ answers: number[][]; alone: number[][]; told: string[]; usage: { computed: number } }>;
}
