import { computed, signal } from '@preact/signals';
import type { BenchModel, WorkloadName } from 'limbeck';

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

export const BACKENDS: readonly { readonly name: string; readonly title: string }[] = [
  { name: 'kernels', title: 'limbeck’s kernels' },
  { name: 'onnxruntime-wasm', title: 'onnxruntime, WebAssembly' },
  { name: 'onnxruntime-webgpu', title: 'onnxruntime, WebGPU' },
  { name: 'onnxruntime-webnn', title: 'onnxruntime, WebNN' },
  { name: 'tfjs-wasm', title: 'tfjs, WebAssembly' },
  { name: 'tfjs-cpu', title: 'tfjs, plain JavaScript' },
  { name: 'tfjs-webgpu', title: 'tfjs, WebGPU' },
  { name: 'tfjs-webgl', title: 'tfjs, WebGL' },
];

/** The standard set's students, by name. */
export const STUDENTS = ['mlp', 'cnn', 'ds-cnn', 'resnet8', 'mobilenet-v1-0.25', 'transformer-tiny'] as const;

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

/** One backend is named for each number of threads that may suit it; those on a GPU have none. */
export function backendNames(): string[] {
  const each = threads.value > 1 ? [1, threads.value] : [1];
  return [...backends.value].flatMap((name) =>
    /^(kernels|onnxruntime-wasm)$/.test(name) ? each.map((n) => `${name}:${n}`) : [name],
  );
}

/** Throws what reading the file throws. */
export async function modelsOf(standard: readonly BenchModel[]): Promise<readonly BenchModel[]> {
  if (source.value === 'standard') return standard.filter(({ name }) => students.value.has(name));
  const given = file.value as File;
  return [{ name: given.name, onnx: new Uint8Array(await given.arrayBuffer()) }];
}
