import { cachedTeacher, type NamedArrays, ndArray, openStore, type Teacher } from 'limbeck';

const EXAMPLES = 1000;
const BATCH = 32;

type Precision = 'float32' | 'float16' | 'int8' | { readonly topK: number };

/** Answers with numbers that tell one image from another, and counts. */
function countingTeacher(): Teacher & { computed: number } {
  const teacher = {
    computed: 0,
    description: {
      name: 'counting',
      bytes: 0,
      device: 'function' as const,
      threads: 1,
      identity: 'counting 1',
      inputs: {},
      outputs: {},
      notices: [],
    },
    async ask(inputs: NamedArrays) {
      const { data, shape } = Object.values(inputs)[0] as NamedArrays[string];
      const count = shape[0] as number;
      teacher.computed += count;
      const logits = Float32Array.from({ length: 10 * count }, (_, i) =>
        answerOf(data[784 * Math.floor(i / 10)] as number, i),
      );
      return { logits: ndArray(logits, [count, 10]) };
    },
    timeMs: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
  return teacher;
}

function answerOf(pixel: number, i: number): number {
  return Math.fround(10 * Math.sin(pixel + (i % 10)));
}

/** Image `id` begins with a pixel of its own; the rest is the same noise. */
function images(ids: readonly number[]): NamedArrays {
  const data = Float32Array.from({ length: 784 * ids.length }, (_, i) => (i % 784) / 784);
  for (const [place, id] of ids.entries()) data[784 * place] = id;
  return { x: ndArray(data, [ids.length, 28, 28, 1]) };
}

/** Asks about all examples in some order; gives how many the teacher computed, and how far the answers lie from its. */
export async function askAll(options: {
  readonly kind: 'opfs' | 'indexeddb';
  readonly precision: Precision;
  readonly stride: number;
  readonly memoryBytes?: number;
  /** Whether the page ends without a word to the cache, after the two seconds that it takes to write. */
  readonly isCrashing?: boolean;
}) {
  const { kind, precision, stride, memoryBytes = 64 << 20, isCrashing = false } = options;
  const store = await openStore('cached-teacher', { kind });
  const teacher = countingTeacher();
  const cached = cachedTeacher(teacher, store, { precision, memoryBytes });
  const ids = Array.from({ length: EXAMPLES }, (_, i) => (i * stride) % EXAMPLES);
  const untilWritten = async () => {
    const examplesInStore = async () => (await cachedTeacher(teacher, store, { precision }).contents()).examples;
    while ((await examplesInStore()) < EXAMPLES) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  let error = 0;
  for (let from = 0; from < EXAMPLES; from += BATCH) {
    const batch = ids.slice(from, from + BATCH);
    const { data } = (await cached.ask(images(batch))).logits as NamedArrays[string];
    for (let i = 0; i < data.length; i++) {
      error = Math.max(error, Math.abs((data[i] as number) - answerOf(batch[Math.floor(i / 10)] as number, i)));
    }
  }
  if (isCrashing) await untilWritten();
  else await cached[Symbol.asyncDispose]();
  return { computed: teacher.computed, error, notices: cached.description.notices, usage: cached.usage?.() };
}
