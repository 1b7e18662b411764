// The page of benchmarks/engines.mjs: the same model as a teacher on each engine, timed by turns.
import { loadTeacher, type Teacher } from 'limbeck';
import { type Flushed, withoutDenormals } from './withoutDenormals.ts';

interface Place {
  readonly engine: 'wasm' | 'kernels';
  readonly threads: number;
  /** Whether the file is as it was published, with weights that are no normal numbers. */
  readonly isRaw: boolean;
}

interface Wanted {
  readonly model: string;
  readonly shape: readonly number[];
  readonly input: string;
}

const teachers = new Map<string, Teacher>();
const nameOf = ({ engine, threads, isRaw }: Place) => `${engine} ${threads} ${isRaw}`;
let inputs: Parameters<Teacher['ask']>[0] = {};
let model: { readonly published: Uint8Array; readonly flushed: Flushed } | undefined;

/** Fetches a model, and tells how many of its weights are no normal numbers. */
async function fetchModel({ model: address, shape, input }: Wanted) {
  const length = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1);
  inputs = { [input]: { data, shape } };
  const published = new Uint8Array(await (await fetch(address)).arrayBuffer());
  model = { published, flushed: withoutDenormals(published) };
  const { zeroed, weights } = model.flushed;
  return { zeroed, weights };
}

/** Opens the model at a place; it says where it really runs. */
async function open(place: Place, batchSize: number) {
  if (model === undefined) throw new Error('No model is fetched.');
  const { engine: device, threads } = place;
  const bytes = place.isRaw ? model.published : model.flushed.bytes;
  const teacher = await loadTeacher(bytes, { given: 'logits', device, threads, batchSize }).done;
  teachers.set(nameOf(place), teacher);
  await teacher.ask(inputs);
  const { device: used, threads: usedThreads, notices } = teacher.description;
  return { device: used, threads: usedThreads, notices };
}

/** The fastest of a few passes over one batch, in milliseconds. */
async function time(place: Place, repeats: number) {
  const teacher = teachers.get(nameOf(place)) as Teacher;
  return Math.min(...(await teacher.timeMs(inputs, repeats)));
}

async function close() {
  for (const teacher of teachers.values()) await teacher[Symbol.asyncDispose]();
  teachers.clear();
}

Object.assign(globalThis, { bench: { fetchModel, open, time, close } });
