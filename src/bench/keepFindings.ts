import { duration } from '../core/figures.ts';
import { hasWebGpuFiles } from '../core/webgpuFiles.ts';
import { detectWasm } from '../runtime/capabilities.ts';
import { COLD_SPREAD } from '../teacher/session/batchSizes.ts';
import { planDevices } from '../teacher/session/devices.ts';
import { hashOfFiles } from '../teacher/session/hashOfFiles.ts';
import type { SessionDevice } from '../teacher/session/sessionSettings.ts';
import { tuneMemory, whatIsTuned } from '../teacher/session/tuneMemory.ts';
import { benchmarkedThreads } from '../train/threadMemory.ts';
import { onnxOf, studentOf } from './modelForms.ts';
import { benchBackend } from './namedBackends.ts';
import { hasRun } from './report/rowNames.ts';
import type { BenchRow } from './report.ts';
import type { BenchModel } from './subject.ts';

/** What `device: 'auto'` of a teacher chooses from, by the backend that measures it. */
const DEVICES: Readonly<Record<string, SessionDevice>> = {
  'onnxruntime-wasm': 'wasm',
  'onnxruntime-webgpu': 'webgpu',
  'onnxruntime-native': 'native',
  kernels: 'kernels',
};

/**
 * Adds what rows say to what is known of this device: for an ONNX file the device and batch size that suit it, for a student whether its
 * steps pay for threads. Teachers with default options and trainers begin with that, and correct it by their own work. Rows that
 * are wrong, or measured as teachers and trainers do not run, have no say.
 */
export async function keepFindings(
  models: readonly BenchModel[],
  rows: readonly BenchRow[],
  signal: AbortSignal,
): Promise<void> {
  const usual = (await Promise.all(rows.map(isUsual))).map((is, i) => is && (rows[i] as BenchRow));
  for (const model of models) {
    const own = usual.filter((row): row is BenchRow => row !== false && row.model === model.name && hasRun(row));
    if (model.onnx !== undefined) await keepDevice(model, own, signal);
    if (model.student !== undefined) await keepThreads(model, own, signal);
  }
}

/** Whether it is as fast as the engine lets it be, and has one thread or all that a teacher takes. */
async function isUsual({ backend, threads, simdLevel }: BenchRow): Promise<boolean> {
  if (!Object.hasOwn(DEVICES, backend)) return false;
  const [{ simdLevel: best }, all] = await Promise.all([detectWasm(), benchBackend(backend)]);
  return (simdLevel === undefined || simdLevel === best) && (threads === 1 || threads === all.threads);
}

async function keepDevice(model: BenchModel, rows: readonly BenchRow[], signal: AbortSignal): Promise<void> {
  const answers = rows.filter(({ workload }) => workload === 'inference');
  // A teacher takes all that its device has.
  const isLess = ({ backend, threads }: BenchRow) =>
    answers.some((other) => other.backend === backend && other.threads > threads);
  const costs = answers
    .filter((row) => !isLess(row))
    .map((row) => ({ ...row, device: DEVICES[row.backend] as SessionDevice, msPerExample: row.medianMs / row.batch }))
    .sort((a, b) => a.msPerExample - b.msPerExample);
  const [best] = costs;
  const others = costs.filter(({ device }) => device !== best?.device);
  // Nothing was chosen where there was nothing to choose from.
  if (best === undefined || others[0] === undefined) return;
  const own = costs.filter(({ device }) => device === best.device);
  const figures = own.map(({ batch: batchSize, msPerExample, spreadFraction }) => {
    return { batchSize, msPerExample, spreadFraction: Math.max(spreadFraction, COLD_SPREAD) };
  });
  const known = { hash: await hashOfFiles(await onnxOf(model, signal)), options: { device: 'auto' } as const };
  const { gpuName } = await planDevices('auto', { hasOwnThread: true, hasGpuFiles: hasWebGpuFiles() });
  const what = { name: model.name, ...whatIsTuned(known.hash, known.options, true) };
  await (await tuneMemory(what, gpuName, undefined)).remember({
    device: best.device,
    // One example at a time alone says nothing about batches.
    batchSize: own.length > 1 || best.batch > 1 ? best.batch : undefined,
    figures,
    why:
      `A benchmark on this device found ${best.device} faster: ${duration(best.msPerExample)} an example, and ` +
      `${duration(others[0].msPerExample)} on ${others[0].device}.`,
  });
}

async function keepThreads(model: BenchModel, rows: readonly BenchRow[], signal: AbortSignal): Promise<void> {
  const steps = rows.filter(
    ({ backend, workload }) => backend === 'kernels' && (workload === 'train-step' || workload === 'distillation-step'),
  );
  for (const { workload, batch, threads, simdLevel, medianMs: allMs } of steps.filter((row) => row.threads > 1)) {
    const one = steps.find((row) => row.threads === 1 && row.workload === workload && row.batch === batch);
    if (one === undefined || simdLevel === undefined) continue;
    const { weightSpecs } = await studentOf(model, signal);
    const weights = weightSpecs.map(({ shape }) => shape);
    const memory = await benchmarkedThreads({ student: model.name, weights, threads, simdLevel });
    await memory.remember({ oneMs: one.medianMs, allMs });
  }
}
