// The service worker of an extension: no workers, no threads, no import(); so everything is one file, and models run on
// limbeck's own kernels.
import {
  distill,
  fromArrays,
  fromOnnx,
  loadStudent,
  loadTeacher,
  mlp,
  ndArray,
  openTrainer,
  toBundle,
  toOnnx,
} from 'limbeck';

const FEATURES = 7;
const worker = 'none';
const teacherUrl = new URL('teacher.onnx', import.meta.url);
const outcome = (promise) =>
  promise.then(
    () => 'nothing was thrown',
    ({ code, message }) => `${code}: ${message}`,
  );

async function check() {
  const teacher = await loadTeacher(teacherUrl, { device: 'kernels', given: 'logits', worker }).done;
  const student = mlp({ inputShape: [FEATURES], classes: 4, hidden: [32] });
  const values = Float32Array.from({ length: 256 * FEATURES }, (_, i) => 2 * Math.sin(i * i));
  const x = ndArray(values, [256, FEATURES]);
  const trainer = await openTrainer({ worker });
  const optimizer = { learningRate: 0.01 };
  await distill({ teacher, student, data: fromArrays({ x }), trainer, epochs: 20, batchSize: 16, seed: 1, optimizer })
    .done;
  const [said] = Object.values(await teacher.ask({ x }));
  const [taught] = Object.values(await trainer.predict(student, { x }));
  const loaded = await loadStudent(await toBundle(student, { onnx: true }), { engine: 'tfjs', worker });
  const { outputs } = await loaded.predict({ x });
  const back = await fromOnnx(await toOnnx(student));
  const [again] = Object.values(await trainer.predict(back, { x }));
  const { device } = teacher.description;
  const { threads, notices } = trainer.description;
  for (const one of [loaded, trainer, teacher]) await one[Symbol.asyncDispose]();
  const gap = (one, other) => Math.max(...one.data.map((value, i) => Math.abs(value - other.data[i])));
  const best = ({ data }, row) =>
    data.subarray(4 * row, 4 * row + 4).indexOf(Math.max(...data.subarray(4 * row, 4 * row + 4)));
  const alike = Array.from({ length: 256 }, (_, row) => best(said, row) === best(taught, row));
  return {
    device,
    threads,
    notices,
    agreement: alike.filter(Boolean).length / 256,
    gaps: [gap(taught, outputs.logits), gap(taught, again)],
    shipped: await outcome(loadTeacher(teacherUrl, { device: 'kernels' }).done),
    onnxruntime: await outcome(loadTeacher(teacherUrl, { device: 'wasm', worker }).done),
  };
}

globalThis.limbeckPlace = check().then(
  (result) => ({ result }),
  ({ name, code, message, stack }) => ({ error: { name, code, message, stack } }),
);
