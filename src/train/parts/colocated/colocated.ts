import type { ColocatedTeacher, GpuAnswers, NamedTensors } from '../../../runtime/gpu.ts';
import * as tf from '../../../runtime/tf.ts';
import type { TrainBatch } from '../../batch.ts';

export interface ColocatedResult {
  /** What a colocated teacher was asked about: batches, and the examples in them. */
  readonly colocatedUsage?: { readonly calls: number; readonly computed: number };
}

/** Asks a colocated teacher about each example once, as long as the GPU has room for the answers. */
export interface ColocatedReader {
  withAnswers(batch: TrainBatch, indices: Int32Array): Promise<TrainBatch>;
  /** Batches that were asked about, and the examples in them. */
  usage(): { readonly calls: number; readonly computed: number };
  /** Frees all answers. */
  release(): Promise<void>;
}

/** As much as the smallest GPUs bind at once. */
const MOST_KEPT_BYTES = 128 * 2 ** 20;

/** A batch's answers as losses read them, with their buffers if these are onnxruntime's own. */
interface Part {
  readonly tensors: NamedTensors;
  readonly answers?: GpuAnswers;
}

/**
 * Keeps the answers of the first epoch batch by batch until all `size` examples have one; then they become one table on the
 * GPU, from which later epochs pick their rows. Without a teacher a batch is not changed.
 */
export function openColocatedReader(
  teacher: ColocatedTeacher | undefined,
  size: number,
  mostBytes: number = MOST_KEPT_BYTES,
): ColocatedReader {
  const usage = { calls: 0, computed: 0 };
  if (teacher === undefined) {
    return { withAnswers: async (batch) => batch, usage: () => usage, release: async () => undefined };
  }
  /** For each example its row in the table, or -1. */
  const rows = new Int32Array(size).fill(-1);
  const asking = new Set<Promise<unknown>>();
  /** Everything that was returned and is not in the bin. */
  const live = new Set<Part>();
  const bin = openBin();
  let parts: Part[] = [];
  let table: NamedTensors | undefined;
  let answered = 0;
  let bytes = 0;
  let isKept = true;

  async function ask(batch: TrainBatch): Promise<Part> {
    const answers = await (teacher as ColocatedTeacher).askOnGpu(batch.inputs);
    usage.calls++;
    usage.computed += Object.values(batch.inputs)[0]?.shape[0] ?? 0;
    const { tensors, isShared } = readOnGpu(answers);
    bytes += Object.values(tensors).reduce((sum, tensor) => sum + 4 * tensor.size, 0);
    const part = isShared ? { tensors, answers } : { tensors };
    live.add(part);
    if (!isShared) bin.add({ tensors: {}, answers });
    return part;
  }

  function drop(dropped: readonly Part[]): void {
    for (const part of dropped) live.delete(part);
    bin.add(...dropped);
  }

  /** Whether answers are kept; if all do not fit, they are asked for again in every epoch. */
  function keep(part: Part, indices: Int32Array): boolean {
    isKept &&= bytes <= mostBytes && indices.every((index) => rows[index] === -1);
    if (isKept) {
      for (const index of indices) rows[index] = answered++;
      parts.push(part);
    } else {
      drop(parts);
      parts = [];
    }
    return isKept;
  }

  function makeTable(): NamedTensors {
    // tfjs does not copy a single part, so it stays where it is.
    const [only, ...others] = parts;
    if (others.length === 0) return { ...(only as Part).tensors };
    const names = Object.keys((only as Part).tensors);
    const join = (name: string) => tf.concat(parts.map(({ tensors }) => tensors[name] as tf.Tensor));
    const joined = Object.fromEntries(names.map((name) => [name, join(name)]));
    drop(parts);
    live.add({ tensors: joined });
    return joined;
  }

  return {
    async withAnswers(batch, indices) {
      if (isKept && answered === size) {
        const all = table ?? makeTable();
        table = all;
        const at = Array.from(indices, (index) => rows[index] as number);
        const tensors = () => mapNames(all, (tensor) => tf.gather(tensor, tf.tensor1d(at, 'int32')));
        return { ...batch, teacher: {}, onGpu: { tensors, done: bin.empty } };
      }
      const answer = ask(batch);
      asking.add(answer);
      const part = await answer.finally(() => asking.delete(answer));
      const stays = keep(part, indices);
      const done = () => {
        if (!stays) drop([part]);
        bin.empty();
      };
      return { ...batch, teacher: {}, onGpu: { tensors: () => part.tensors, done } };
    },
    usage: () => usage,
    async release() {
      await Promise.allSettled(asking);
      drop([...live]);
      bin.empty();
      bin.empty();
    },
  };
}

/**
 * Holds parts until the GPU has finished with them: commands issued between two steps are sent only with the second.
 */
function openBin() {
  let ripe: Part[] = [];
  let fresh: Part[] = [];
  return {
    add: (...parts: readonly Part[]) => void fresh.push(...parts),
    empty() {
      for (const { tensors, answers } of ripe) {
        tf.dispose({ ...tensors });
        answers?.release();
      }
      ripe = fresh;
      fresh = [];
    },
  };
}

/** Tensors in the GPU's own buffers as losses read them, without a copy, and whether they use those buffers. */
function readOnGpu({ arrays, read }: GpuAnswers): { readonly tensors: NamedTensors; readonly isShared: boolean } {
  let isShared = false;
  const tensors = tf.tidy(() => {
    const raw = mapNames(arrays, ({ buffer, shape, dtype }) =>
      tf.tensor({ buffer: buffer as never, zeroCopy: true }, [...shape], dtype),
    );
    const result = read(tf, raw);
    isShared = Object.values(result).some((tensor) => Object.values(raw).includes(tensor));
    return { ...result };
  });
  return { tensors, isShared };
}

function mapNames<T, R>(values: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
