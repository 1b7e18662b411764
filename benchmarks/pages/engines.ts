// The page of benchmarks/engines.mjs: the same model as a teacher on each engine, timed by turns.
import { loadTeacher, type Teacher } from 'limbeck';

type Engine = 'wasm' | 'kernels';

interface Wanted {
  readonly model: string;
  readonly shape: readonly number[];
  readonly input: string;
}

const teachers = new Map<string, Teacher>();
let inputs: Parameters<Teacher['ask']>[0] = {};

/** Opens the model on an engine with so many threads; it says where it really runs. */
async function open({ model, shape, input }: Wanted, engine: Engine, threads: number) {
  const length = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1);
  inputs = { [input]: { data, shape } };
  const teacher = await loadTeacher(model, { given: 'logits', device: engine, threads, batchSize: shape[0] }).done;
  teachers.set(`${engine} ${threads}`, teacher);
  await teacher.ask(inputs);
  const { device, threads: used, notices } = teacher.description;
  return { device, threads: used, notices };
}

/** The fastest of a few passes over one batch, in milliseconds. */
async function time(engine: Engine, threads: number, repeats: number) {
  const teacher = teachers.get(`${engine} ${threads}`) as Teacher;
  return Math.min(...(await teacher.timeMs(inputs, repeats)));
}

async function close() {
  for (const teacher of teachers.values()) await teacher[Symbol.asyncDispose]();
  teachers.clear();
}

Object.assign(globalThis, { bench: { open, time, close } });
