// One model for all tabs. A shared worker starts no workers of its own, so everything runs on its thread.
import { distill, fromArrays, loadTeacher, mlp, ndArray, openTrainer, toBundle } from 'limbeck';
import { loadStudent } from 'limbeck/run';

const FEATURES = 7;
let learned = 0;
let model;

async function learn() {
  learned++;
  const worker = 'none';
  const teacher = await loadTeacher(new URL('/teacher.onnx', location.href), { given: 'logits', worker }).done;
  const student = mlp({ inputShape: [FEATURES], classes: 4, hidden: [32] });
  const values = Float32Array.from({ length: 256 * FEATURES }, (_, i) => 2 * Math.sin(i * i));
  const data = fromArrays({ x: ndArray(values, [256, FEATURES]) });
  const optimizer = { learningRate: 0.01 };
  const trainer = await openTrainer({ worker });
  await distill({ teacher, student, data, trainer, epochs: 20, batchSize: 16, seed: 1, optimizer }).done;
  for (const one of [trainer, teacher]) await one[Symbol.asyncDispose]();
  return loadStudent(await toBundle(student, { labels: ['a', 'b', 'c', 'd'], onnx: true }), { worker });
}

/** What limbeck says where it would start a worker that cannot be. */
const codeWithWorker = () =>
  loadTeacher(new URL('/teacher.onnx', location.href)).done.then(
    () => undefined,
    ({ code, message }) => ({ code, message }),
  );

async function answer(x) {
  model ??= learn();
  const loaded = await model;
  const { labels, outputs } = await loaded.predict(ndArray(Float32Array.from(x), [1, FEATURES]));
  const refused = await codeWithWorker();
  return { label: labels[0], logits: [...outputs.logits.data], learned, engine: loaded.description.engine, refused };
}

globalThis.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data: { id, x } }) =>
    answer(x).then(
      (result) => port.postMessage({ id, result }),
      ({ name, code, message }) => port.postMessage({ id, error: { name, code, message } }),
    );
};
