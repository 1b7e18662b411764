import { loadTeacher, type NamedArrays, type OnnxDescription } from 'limbeck';
import { errorOf, type PlainError } from '../frame/plainError.ts';

export type Engine = 'wasm' | 'kernels';

/** Whether an engine runs a model here. */
export interface Verdict {
  /** 'opened': it was opened, and there was nothing to ask it about. */
  readonly kind: 'runs' | 'opened' | 'refused';
  /** Median of one example, if it was asked. */
  readonly ms?: number;
  readonly threads?: number;
  /** Why not, or why it was not asked. */
  readonly why?: string;
  readonly error?: PlainError;
}

const REPEATS = 3;
/** A question of more values than this would say more about memory than about the engine. */
const MOST_VALUES = 2e7;

/** Opens the model on one engine, in a worker, and asks it about one example of zeros where the shapes are known. */
export async function tryEngine(
  engine: Engine,
  { file, description }: { readonly file: File; readonly description: OnnxDescription },
  signal: AbortSignal,
): Promise<Verdict> {
  try {
    const teacher = await loadTeacher(file, { device: engine, name: description.name, signal }).done;
    try {
      const question = zerosFor(description);
      if (typeof question !== 'string') await teacher.ask(question, signal);
      const { device, threads, notices } = teacher.description;
      if (device !== engine) return { kind: 'refused', why: notices.at(-1) ?? `It runs on ${device} instead.` };
      if (typeof question === 'string') return { kind: 'opened', threads, why: question };
      const times = (await teacher.timeMs(question, REPEATS)).sort((a, b) => a - b);
      return { kind: 'runs', threads, ms: times[times.length >> 1] };
    } finally {
      await teacher[Symbol.asyncDispose]();
    }
  } catch (error) {
    const plain = errorOf(error);
    return { kind: 'refused', why: plain.message, error: plain };
  }
}

/** One example of zeros, with 1 for a batch that is left open; a sentence where the shapes are not known. */
function zerosFor({ inputs }: OnnxDescription): NamedArrays | string {
  const arrays: Record<string, NamedArrays[string]> = {};
  for (const { name, dtype, shape } of inputs) {
    if (dtype !== 'float32')
      return `It was not asked: "${name}" takes ${dtype ?? 'an unknown type'}, and a question of zeros may not fit.`;
    const lengths = shape?.map((length, i) => (typeof length === 'number' ? length : i === 0 ? 1 : undefined));
    if (lengths === undefined || lengths.includes(undefined)) {
      return `It was not asked: give the free lengths of "${name}" first.`;
    }
    const known = lengths as number[];
    const size = known.reduce((product, length) => product * length, 1);
    if (size > MOST_VALUES) return `It was not asked: one example of "${name}" is very large.`;
    arrays[name] = { data: new Float32Array(size), shape: known };
  }
  return arrays;
}
