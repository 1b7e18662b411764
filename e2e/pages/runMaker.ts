import { distill, fromArrays, fromFunction, mlp, ndArray, toBundle } from 'limbeck';

const FEATURES = 6;
const SIZE = 64;

/** Distills a small student, packs it in both forms, and tells what it answers in training's own worker. */
export async function makeBundle(seed = 1) {
  const data = Float32Array.from({ length: SIZE * FEATURES }, (_, i) => Math.sin(i * i * 0.37));
  const teacher = fromFunction(
    async ({ x }) => {
      const rows = x?.shape[0] ?? 0;
      const logits = new Float32Array(rows * 3);
      for (let i = 0; i < logits.length; i++) logits[i] = 2 * (x?.data[Math.floor(i / 3) * FEATURES + (i % 3)] ?? 0);
      return { logits: ndArray(logits, [rows, 3]) };
    },
    { name: 'first three' },
  );
  const student = mlp({ inputShape: [FEATURES], classes: 3, hidden: [8] });
  const all = fromArrays({ x: ndArray(data, [SIZE, FEATURES]) });
  const { report } = await distill({
    teacher,
    student,
    data: all,
    epochs: 3,
    batchSize: 16,
    seed,
    trainer: { threads: 1 },
  }).done;
  const labels = ['left', 'middle', 'right'];
  const bundle = await toBundle(student, { name: 'tiny', labels, report, onnx: true });
  return Array.from(bundle);
}
