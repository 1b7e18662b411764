import { computed, signal } from '@preact/signals';
import { type BenchModel, standardSet, usualBackends, type WorkloadName } from 'limbeck';

export type Source = 'standard' | 'file';

export const WORKLOADS: readonly { readonly name: WorkloadName; readonly title: string; readonly about: string }[] = [
  { name: 'inference', title: 'Inference', about: 'One answer for a batch.' },
  { name: 'train-step', title: 'Training', about: 'One step: forward, backward, update.' },
  { name: 'distillation-step', title: 'Distillation', about: 'The same, from a teacher’s answers.' },
  { name: 'personalization', title: 'Personalization', about: 'A person’s examples, learned.' },
  { name: 'cold-start', title: 'Cold start', about: 'Open, compile, first answer.' },
  { name: 'memory', title: 'Memory', about: 'The highest bytes while it runs.' },
];

/** What an ONNX file alone can be measured with. */
const OF_FILES: readonly WorkloadName[] = ['inference', 'cold-start', 'memory'];

/** Backends that may be here, as `benchmark` takes them by default: 'kernels:1', 'kernels:2', 'tfjs-webgl'. */
const usual = signal<readonly string[]>([]);
void usualBackends().then((names) => {
  usual.value = names;
});

const nameOf = (backend: string) => backend.split(':', 1)[0] as string;

/** Their names, without threads. */
export const offeredBackends = computed(() => [...new Set(usual.value.map(nameOf))]);

/** The standard set's models, by name. */
export const STUDENTS = standardSet().map(({ name }) => name);

export const source = signal<Source>('standard');
export const file = signal<File | undefined>(undefined);
export const students = signal<ReadonlySet<string>>(new Set(['mlp', 'ds-cnn']));
export const workloads = signal<ReadonlySet<string>>(new Set(['inference', 'train-step']));
export const backends = signal<ReadonlySet<string>>(new Set(['kernels', 'onnxruntime-wasm', 'tfjs-wasm', 'tfjs-cpu']));
export const threads = signal<number>(Math.min(4, globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1));
export const budgetSeconds = signal(60);
export const findsBatch = signal(false);

/** A set with a member more, or less. */
export function toggled(set: ReadonlySet<string>, member: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(member)) next.add(member);
  return next;
}

export const offered = computed(() =>
  WORKLOADS.filter(({ name }) => source.value === 'standard' || OF_FILES.includes(name)),
);

/** Why nothing can be measured yet, as a sentence. */
export const obstacle = computed(() => {
  if (source.value === 'file' && file.value === undefined) return 'Choose an ONNX file first.';
  if (source.value === 'standard' && students.value.size === 0) return 'Choose at least one student.';
  if (!offered.value.some(({ name }) => workloads.value.has(name))) return 'Choose at least one workload.';
  if (backends.value.size === 0) return 'Choose at least one backend.';
  return undefined;
});

/** The chosen ones; those with threads with one, and with as many as are wanted. */
export function backendNames(): string[] {
  const each = [...new Set([1, threads.value])];
  return offeredBackends.value
    .filter((name) => backends.value.has(name))
    .flatMap((name) => (usual.value.includes(`${name}:1`) ? each.map((count) => `${name}:${count}`) : [name]));
}

/** Throws what reading the file throws. */
export async function chosenModels(): Promise<readonly BenchModel[]> {
  if (source.value === 'standard') return standardSet().filter(({ name }) => students.value.has(name));
  const given = file.value as File;
  return [{ name: given.name, onnx: new Uint8Array(await given.arrayBuffer()) }];
}
