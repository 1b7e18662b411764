import { throwIfAborted } from '../core/errors.ts';
import { toOnnx } from '../export/toOnnx.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { functionalOf } from '../student/topology/classifier.ts';
import { fetchModel } from '../teacher/load/fetchModel.ts';
import type { ModelFiles } from '../teacher/session/sessionSettings.ts';
import { endWorker } from '../workers/endWorker.ts';
import { startHost } from '../workers/host.ts';
import type { BenchSession } from './session/benchSession.ts';
import type { BenchModel } from './subject.ts';

/** Decides the weights of a design that was never trained, and all inputs: every backend gets the same. */
export const BENCH_SEED = 1;

const files = new WeakMap<BenchModel, Promise<ModelFiles>>();
const students = new WeakMap<BenchModel, Promise<StudentArtifacts>>();

/**
 * The model's ONNX file, or the one that its student is exported as; read once.
 * Throws    what `fetchModel` and `toOnnx` throw
 */
export function onnxOf(model: BenchModel, signal: AbortSignal): Promise<ModelFiles> {
  return once(files, model, async () => {
    if (model.onnx === undefined)
      return { model: toBlob(await toOnnx(await studentOf(model, signal))), externalData: [] };
    const { bytes, externalData } = await fetchModel(model.onnx, { signal });
    return {
      model: toBlob(bytes),
      externalData: externalData.map(({ path, bytes: data }) => ({ path, data: toBlob(data) })),
    };
  });
}

/** The model's student with its weights; a design gets seeded ones. Throws    student-invalid · worker-unreachable */
export function studentOf(model: BenchModel, signal: AbortSignal): Promise<StudentArtifacts> {
  return once(students, model, async () => {
    const portable = await (model.student as NonNullable<BenchModel['student']>).portable();
    if (portable.kind === 'artifacts') return portable.artifacts;
    throwIfAborted(signal);
    const host = await startHost<{ readonly bench: BenchSession }>('shipped', 'bench');
    try {
      return await host.call((api) => api.bench.build(portable, BENCH_SEED));
    } finally {
      await endWorker(host, (api) => api.bench.close());
    }
  });
}

/** How many tokens the inputs have that an embedding reads, by their names. */
export function tokensOf(student: StudentArtifacts): Readonly<Record<string, number>> {
  const { config } = functionalOf(student);
  const embeddings = config.layers.filter(({ class_name: kind }) => kind === 'Embedding');
  return Object.fromEntries(
    config.input_layers.flatMap(([input]) => {
      const reader = embeddings.find(({ inbound_nodes: nodes }) => nodes[0]?.[0]?.[0] === input);
      return reader === undefined ? [] : [[input, Number(reader.config['input_dim'])]];
    }),
  );
}

/** A failure is not kept: the next that asks tries again. */
function once<T>(known: WeakMap<BenchModel, Promise<T>>, model: BenchModel, make: () => Promise<T>): Promise<T> {
  const before = known.get(model);
  if (before !== undefined) return before;
  const made = make();
  known.set(model, made);
  made.catch(() => known.delete(model));
  return made;
}

function toBlob(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}
