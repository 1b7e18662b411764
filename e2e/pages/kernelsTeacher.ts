import {
  distill,
  fromArrays,
  type LoadTeacherOptions,
  loadTeacher,
  mlp,
  type NamedArrays,
  ndArray,
  type Teacher,
} from 'limbeck';
import { oneSlow, workerAfter } from './workerAfter.ts';

/** Waves in place of a line of text. */
function lines(shape: readonly number[], phase: number): NamedArrays {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Float32Array.from({ length: size }, (_, i) => Math.sin(0.37 * i + phase) * Math.cos(0.013 * i));
  return { x: { data, shape } };
}

async function numbersOf(teacher: Teacher, shape: readonly number[], phase: number): Promise<Float32Array> {
  const [answer] = Object.values(await teacher.ask(lines(shape, phase)));
  return Float32Array.from(answer?.data ?? []);
}

/** Without relaxed SIMD, as engines are that have none: to them such a module is invalid. */
const plainWorker = () =>
  workerAfter(`
    const validate = WebAssembly.validate;
    WebAssembly.validate = (bytes) => {
      const code = new Uint8Array(bytes.buffer ?? bytes);
      const isRelaxed = code.some((byte, i) => byte === 0xfd && code[i + 1] === 0x80 && code[i + 2] === 0x02);
      return !isRelaxed && validate(bytes);
    };`);

const SHAPES = [1, 3, 1, 3, 3].map((batch, i) => [batch, 3, 48, i === 3 ? 96 : 64]);

/** The largest difference from what wasm gives, as a share of the largest value. */
export async function compareWithWasm(options: LoadTeacherOptions & { isPlain?: boolean }) {
  const { isPlain, ...others } = options;
  const worker = isPlain ? { worker: plainWorker } : {};
  await using reference = await loadTeacher('/model.onnx', { given: 'logits', batchSize: 4, ...others, device: 'wasm' })
    .done;
  await using teacher = await loadTeacher('/model.onnx', {
    given: 'logits',
    batchSize: 4,
    ...others,
    ...worker,
    device: 'kernels',
  }).done;
  let [most, scale, count] = [0, 0, 0];
  for (const [i, shape] of SHAPES.entries()) {
    const [expected, given] = [await numbersOf(reference, shape, i), await numbersOf(teacher, shape, i)];
    if (expected.length !== given.length) throw new Error(`${given.length} values, not ${expected.length}`);
    expected.forEach((value, at) => {
      scale = Math.max(scale, Math.abs(value));
      most = Math.max(most, Math.abs(value - (given[at] as number)));
    });
    count += expected.length;
  }
  return { difference: most / scale, count, description: teacher.description };
}

/** Ends the worker while many batches wait for it, one behind the other. */
export async function askWhileKilled(count: number) {
  const workers: Worker[] = [];
  const worker = () => {
    workers.push(new Worker('/worker.js', { type: 'module' }));
    return workers.at(-1) as Worker;
  };
  await using teacher = await loadTeacher('/model.onnx', { given: 'logits', device: 'kernels', batchSize: 2, worker })
    .done;
  const told: string[] = [];
  teacher.watch?.((notice) => told.push(notice));
  const shape = [2, 3, 48, 160];
  await numbersOf(teacher, shape, 0);
  let answered = 0;
  const asking = Array.from({ length: count }, async (_, i) => {
    const answer = await numbersOf(teacher, shape, i);
    if (++answered === 3) workers[0]?.terminate();
    return answer;
  });
  const answers = await Promise.all(asking);
  await using reference = await loadTeacher('/model.onnx', { given: 'logits', device: 'wasm', batchSize: 2 }).done;
  let difference = 0;
  for (const [i, answer] of answers.entries()) {
    const expected = await numbersOf(reference, shape, i);
    for (const [at, value] of answer.entries()) {
      difference = Math.max(difference, Math.abs(value - (expected[at] as number)));
    }
  }
  return { told, difference, device: teacher.description.device };
}

/** Asks about more than the heap holds, then about little. */
export async function askForTooMuch(batch: number) {
  await using teacher = await loadTeacher('/large.onnx', { device: 'kernels', batchSize: batch }).done;
  const told: string[] = [];
  teacher.watch?.((notice) => told.push(notice));
  const ask = async (count: number): Promise<number[] | string> => {
    const data = Float32Array.from({ length: count }, (_, i) => i % 7);
    try {
      const [answer] = Object.values(await teacher.ask({ x: { data, shape: [count, 1] } }));
      return Array.from<number>(answer?.data.slice(0, 3) ?? []);
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  const few = await ask(3);
  const { device } = teacher.description;
  return { few, device, many: await ask(batch), told, after: await ask(3) };
}

const EXAMPLES = 256;

/** A student learns on the kernels while its teacher answers on those of another worker, or on wasm. */
export async function learnFrom(device: 'wasm' | 'kernels') {
  await using teacher = await loadTeacher('/points.onnx', { device, batchSize: 32 }).done;
  const data = Float32Array.from({ length: EXAMPLES * 2 }, (_, i) => Math.sin(12.9898 * i) * 2);
  const run = distill({
    teacher,
    data: fromArrays({ x: ndArray(data, [EXAMPLES, 2]) }),
    student: mlp({ inputShape: [2], classes: 3, hidden: [16] }),
    epochs: 8,
    seed: 5,
  });
  const means: number[] = [];
  for await (const event of run) if (event.type === 'epoch') means.push(event.loss);
  await run.done;
  return { means, device: teacher.description.device };
}

/** What 'auto' takes at the first question, where one engine takes `times` as long. */
export async function choose(slow: 'wasm' | 'kernels', times: number, options: LoadTeacherOptions) {
  const { worker, started } = oneSlow(slow, times);
  await using teacher = await loadTeacher('/direction.onnx', { given: 'logits', ...options, worker }).done;
  await numbersOf(teacher, [8, 3, 48, 64], 1);
  return { workers: started(), description: teacher.description };
}
