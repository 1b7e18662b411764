// onnxruntime-node, an optional peer: it answers as onnxruntime-web does, and weights in files beside a model go elsewhere.
import { loadTeacher, ndArray } from 'limbeck';

const x = ndArray(
  Float32Array.from({ length: 32 * 7 }, (_, i) => 2 * Math.sin(i * i)),
  [32, 7],
);

async function answersOf(options) {
  const teacher = await loadTeacher('teacher.onnx', { given: 'logits', ...options }).done;
  const [answers] = Object.values(await teacher.ask({ x }));
  const { device, threads, notices } = teacher.description;
  await teacher[Symbol.asyncDispose]();
  return { answers, device, threads, notices };
}

const wasm = await answersOf({ device: 'wasm' });
const found = [];
for (const worker of ['shipped', 'none']) {
  const native = await answersOf({ device: 'native', worker });
  if (native.device !== 'native') throw new Error(`native was asked for, not ${native.device}: ${native.notices}`);
  const gap = Math.max(...wasm.answers.data.map((value, i) => Math.abs(value - native.answers.data[i])));
  if (!(gap < 1e-4)) throw new Error(`onnxruntime-node answers otherwise than onnxruntime-web, by ${gap}`);
  found.push(native.threads);
}
const auto = await answersOf({});
console.log(`native on ${found.join(' and ')} threads; auto took ${auto.device}`);
