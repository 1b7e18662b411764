import { type NamedArrays, ndArray } from '../core/shape.ts';
import { type Medium, storeOver } from '../storage/medium.ts';
import { openMemory } from '../storage/memory.ts';
import type { Store } from '../storage/store.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

export interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
}

export function makeGate(): Gate {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

export interface FakeTeacher extends Teacher {
  readonly asked: number[][];
  isDisposed: boolean;
  fault: Error | undefined;
  gate: Gate | undefined;
}

/** Ten logits that tell one example from another; remembers what it was asked. */
export function fakeTeacher(
  description: Partial<TeacherDescription> = {},
  answer = (ids: number[]): NamedArrays => ({
    logits: ndArray(
      Float32Array.from(
        { length: 10 * ids.length },
        (_, i) => Math.sin(i % 10) * 3 + (ids[Math.floor(i / 10)] as number) / 7,
      ),
      [ids.length, 10],
    ),
  }),
): FakeTeacher {
  const teacher: FakeTeacher = {
    asked: [],
    isDisposed: false,
    fault: undefined,
    gate: undefined,
    description: {
      name: 'fake',
      bytes: 5,
      device: 'function',
      threads: 1,
      why: 'It was asked for.',
      batchSize: 4,
      identity: 'a',
      inputs: {},
      outputs: {},
      notices: [],
      ...description,
    },
    async ask(inputs, signal) {
      const [first] = Object.values(inputs);
      const ids = Array.from(
        { length: first?.shape[0] ?? 0 },
        (_, i) => first?.data[i * (first.data.length / (first.shape[0] ?? 1))] as number,
      );
      teacher.asked.push(ids);
      await teacher.gate?.passed;
      if (teacher.fault) throw teacher.fault;
      if (signal?.aborted) throw new DOMException('Stopped.', 'AbortError');
      return answer(ids);
    },
    timeMs: async (_, repeats) => new Array(repeats).fill(1),
    async [Symbol.asyncDispose]() {
      teacher.isDisposed = true;
    },
  };
  return teacher;
}

/** A store in memory, which outlives its teachers as a disk does, and a teacher. */
export async function world(
  room: { bytes: number } = { bytes: Number.POSITIVE_INFINITY },
): Promise<{ store: Store; teacher: FakeTeacher }> {
  const medium = await openMemory('test');
  const put: Medium['put'] = async (key, bytes) => {
    let used = bytes.length;
    for (const other of await medium.keys()) if (other !== key) used += (await medium.size(other)) ?? 0;
    if (used > room.bytes) throw new DOMException('the quota is full', 'QuotaExceededError');
    await medium.put(key, bytes);
  };
  return { store: storeOver({ ...medium, put }, 'test', 'A test made it.'), teacher: fakeTeacher() };
}

export function batch(ids: readonly number[]): NamedArrays {
  return { x: ndArray(Float32Array.from(ids.flatMap((id) => [id, 0, 1])), [ids.length, 3]) };
}

export async function logitsOf(teacher: Teacher, ids: readonly number[]): Promise<number[]> {
  return [...((await teacher.ask(batch(ids))).logits?.data ?? [])];
}

export async function chunkKeys(store: Store): Promise<string[]> {
  return (await store.keys('answers/')).filter((key) => !key.endsWith('/used'));
}

export async function bytesIn(store: Store): Promise<number> {
  let bytes = 0;
  for (const key of await chunkKeys(store)) bytes += (await store.size(key)) ?? 0;
  return bytes;
}
