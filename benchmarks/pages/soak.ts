// The page of scripts/soak.mjs: one round of what a page does with limbeck, from loading a teacher to freeing everything.
import {
  applyPatch,
  cnn,
  distill,
  fromArrays,
  lora,
  type NdArray,
  openTrainer,
  personalize,
  releaseTrainer,
  type Student,
  snapshot,
  type Trainer,
  take,
  toOnnx,
} from 'limbeck';
import { loadStudent } from 'limbeck/run';
import { loadDigits, loadDigitTeacher } from '../../demo/digits.ts';

const DIGITS = 64;
/** Enough for two of each kind to be held out. */
const OWN = 100;

const { signal } = new AbortController();

/** Who owns the trainer: each run one of its own, or the page one for all. */
export type Ownership = 'own' | 'shared';

async function personalDigits() {
  const { holdout } = await loadDigits(DIGITS, signal);
  const { inputs, labels } = await holdout.read(Int32Array.from({ length: OWN }, (_, i) => i));
  return fromArrays(inputs['input'] as NdArray, labels);
}

async function inTrainer<T>(ownership: Ownership, run: (options: { trainer?: Trainer }) => Promise<T>): Promise<T> {
  if (ownership === 'shared') return run({});
  await using trainer = await openTrainer();
  return await run({ trainer });
}

/** Asks the student where it runs by itself, and as a teacher: each in a worker of its own, which ends here. */
async function ask(student: Student, onnx: Uint8Array<ArrayBuffer>): Promise<void> {
  const input = { data: new Float32Array(28 * 28), shape: [1, 28, 28, 1] };
  await using loaded = await loadStudent(new Blob([onnx]), { engine: 'onnxruntime' });
  await loaded.predict(input);
  await using teacher = await snapshot(student);
  await teacher.ask({ input });
}

const soak = {
  /** Bytes of the exported student, as a sign that all of it was done. */
  async round(ownership: Ownership, seed: number): Promise<number> {
    await using teacher = await loadDigitTeacher(() => undefined, signal, { device: 'kernels' });
    const data = take((await loadDigits(DIGITS, signal)).data, DIGITS);
    const student = cnn({ classes: 10 });
    await inTrainer(ownership, (own) => distill({ teacher, student, data, epochs: 2, seed, ...own }).done);
    const own = await personalDigits();
    const patch = await inTrainer(
      ownership,
      (trainer) => personalize({ student, data: own, method: lora({ rank: 4 }), seed, ...trainer }).done,
    );
    const onnx = await toOnnx(await applyPatch(student, patch));
    await ask(student, onnx);
    return onnx.byteLength;
  },
  release: releaseTrainer,
};

Object.assign(globalThis, { soak });
