// The page of benchmarks/engines.mjs: one model on each engine, as `benchmark()` measures it.
import { type BenchBackend, benchBackend, benchmark } from 'limbeck';
import { withoutDenormals } from './withoutDenormals.ts';

interface Wanted {
  readonly model: string;
  /** Without the batch. */
  readonly example: readonly number[];
  readonly batches: readonly number[];
  readonly input: string;
  readonly threads: readonly number[];
  readonly budgetMs: number;
}

/** A row for each engine, number of threads and batch size, and how many of the model's weights are no normal numbers. */
async function measure({ model, example, batches, input, threads, budgetMs }: Wanted) {
  const published = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const { bytes, zeroed, weights } = withoutDenormals(published);
  const backends: BenchBackend[] = [];
  for (const each of threads) {
    const ort = await benchBackend(`onnxruntime-wasm:${each}`);
    const raw: BenchBackend = {
      ...ort,
      name: 'ort-wasm-raw',
      open: (workload, { name, inputs }, ...rest) => ort.open(workload, { name, inputs, onnx: published }, ...rest),
    };
    backends.push({ ...ort, name: 'ort-wasm' }, await benchBackend(`kernels:${each}`), raw);
  }
  const { rows } = await benchmark({
    models: [{ name: model, onnx: bytes, inputs: { [input]: example } }],
    ...{ workloads: ['inference'], batchSizes: batches, backends, budgetMs },
  }).done;
  const figures = rows.map(({ backend, threads: used, batch, medianMs, intervalMs, skipped }) => ({
    ...{ engine: backend, threads: used, batch, skipped },
    msPerExample: medianMs / batch,
    intervalMs: intervalMs.map((ms) => ms / batch),
  }));
  return { figures, denormals: { zeroed, weights } };
}

Object.assign(globalThis, { bench: { measure } });
