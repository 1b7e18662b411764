// Everything that starts a worker or a thread, on a page with a strict policy.
import { distill, fromArrays, fromFunction, loadTeacher, mlp, type NamedArrays, ndArray, openTrainer } from 'limbeck';
import { loadStudent } from 'limbeck/run';

const EXAMPLES = 64;

/** A teacher that says the same of every example. */
const teacher = fromFunction(
  (inputs: NamedArrays) => {
    const rows = Object.values(inputs)[0]?.shape[0] ?? 0;
    return { logits: ndArray(new Float32Array(rows * 3).fill(0.5), [rows, 3]) };
  },
  { name: 'same' },
);

export async function trainHere(threads: number) {
  await using trainer = await openTrainer({ threads });
  const x = Float32Array.from({ length: EXAMPLES * 2 }, (_, i) => Math.sin(12.9898 * i));
  const data = fromArrays({ x: ndArray(x, [EXAMPLES, 2]) });
  // Wide enough for work that is shared.
  const student = mlp({ inputShape: [2], classes: 3, hidden: [256, 256] });
  await distill({ teacher, data, student, trainer, epochs: 2, batchSize: 32, seed: 1 }).done;
  return trainer.description;
}

function lineOfText() {
  return {
    x: { data: Float32Array.from({ length: 3 * 48 * 64 }, (_, i) => Math.sin(0.37 * i)), shape: [1, 3, 48, 64] },
  };
}

export async function askHere(device: 'wasm' | 'kernels', threads: number) {
  await using teacher = await loadTeacher('/model.onnx', { given: 'logits', device, threads }).done;
  const [answer] = Object.values(await teacher.ask(lineOfText()));
  const { device: used, threads: had } = teacher.description;
  return { device: used, threads: had, isFinite: answer?.data.every(Number.isFinite) };
}

export async function runHere(threads: number) {
  await using student = await loadStudent('/model.onnx', { engine: 'onnxruntime', threads });
  const [answer] = Object.values((await student.predict(lineOfText())).outputs);
  const { engine, threads: had } = student.description;
  return { engine, threads: had, isFinite: answer?.data.every(Number.isFinite) };
}

export async function failHere() {
  try {
    await openTrainer();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  return undefined;
}

/** Whether a worker starts from an address of this page's choice: as it is, while a trainer opens, and by the policy's name. */
export async function smuggle(): Promise<boolean[]> {
  const starts = () => {
    try {
      new Worker('/policies.js', { type: 'module' }).terminate();
      return true;
    } catch {
      return false;
    }
  };
  const before = starts();
  const opening = openTrainer({ threads: 1 });
  const meanwhile = starts();
  await (await opening)[Symbol.asyncDispose]();
  return [before, meanwhile, starts()];
}
