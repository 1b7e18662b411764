import { LimbeckError } from '../core/errors.ts';
import { checkCount, invalidOption } from '../core/options.ts';
import { count, flag, given, type OptionsOf, positive, type Read, required, schema } from '../core/schema.ts';
import { isStudent } from '../student/student.ts';
import { checkBackendName } from './namedBackends.ts';
import type { WorkloadName } from './report.ts';
import type { BenchBackend, BenchModel } from './subject.ts';
import { workloads } from './workloads.ts';

const OPTIONS = schema('benchmark', {
  /** What is measured, one after the other: files, students, or `standardSet()`. */
  models: required(given<readonly BenchModel[]>(checkModels)),
  /** What is timed of each model that it suits. Default: inference, and for students a training step. */
  workloads: given<readonly WorkloadName[]>(checkWorkloads),
  /**
   * What is compared, by names as `benchBackend` takes them, or your own. Default: all that may run here, with one thread and with
   * as many as the device has, up to 4.
   */
  backends: given<readonly (string | BenchBackend)[]>(checkBackends),
  /**
   * Examples in a pass. 'best' looks for each backend's best batch of 1 to 64, for a third of the budget. Default: the
   * model's `batches`; else 1 to answer, its `trainingBatch` to train, and 16 to personalize.
   */
  batchSizes: given<readonly number[] | 'best'>(checkBatchSizes),
  /**
   * For everything together: each model and workload gets an equal share, with opening and checking. Where these take more than
   * half of it, the run takes longer: half of each share is for timing, and a row has at least three rounds or says why not. Default 60,000.
   */
  budgetMs: positive(60_000),
  /**
   * Each measurement ends after so many rounds, though some of its budget is left. Default: as many as fit; it ends sooner where all
   * is known well enough.
   */
  mostRounds: given<number>(checkCount),
  /** Decides the order in which backends take turns. Default 1. */
  seed: count(0)(1),
  /**
   * Whether to add what was found to what is known of this device (`deviceProfile`, `keepDeviceProfile`): teachers with `device: 'auto'`
   * begin with the fastest device for their file, and trainers with the threads that suit a student. Default false.
   */
  keep: flag(false),
  /** Cancels the run, and ends its workers. */
  signal: given<AbortSignal>(),
});

/** What is measured, on what, and for how long. */
export interface BenchmarkOptions extends OptionsOf<typeof OPTIONS> {}

/** The same, checked, with their defaults. */
export type BenchmarkSettings = Read<typeof OPTIONS>;

/** Throws    invalid-option */
export function readBenchmarkOptions(options: BenchmarkOptions): BenchmarkSettings {
  return OPTIONS.read(options);
}

function checkModels(models: readonly BenchModel[]): void {
  const isList = Array.isArray(models) && models.length > 0;
  if (!isList) throw invalidOption('models', models, 'a list of at least one model');
  const names = new Set<string>();
  for (const model of models) {
    if (typeof model !== 'object' || model === null) throw invalidOption('models', model, 'a list of models');
    const { name, onnx, student, batches, trainingBatch = 1 } = model;
    if (typeof name !== 'string' || name === '' || names.has(name)) {
      throw invalidOption('models', name, 'models with names that differ');
    }
    names.add(name);
    if (onnx === undefined && student === undefined) {
      throw new LimbeckError(
        'invalid-option',
        `The model "${name}" has neither "onnx" nor "student"; give one, or both.`,
        {
          details: { name: 'models', model: name },
        },
      );
    }
    if (student !== undefined && !isStudent(student)) {
      throw invalidOption(
        'student',
        student,
        'a student, such as cnn() gives or studentFromModel makes of a tf.LayersModel',
      );
    }
    if (batches !== undefined) checkBatchSizes(batches, 'batches');
    checkCount(trainingBatch, 'trainingBatch');
  }
}

function checkWorkloads(names: readonly WorkloadName[]): void {
  const known = Object.keys(workloads);
  const isList = Array.isArray(names) && names.length > 0;
  const stranger = isList ? names.find((name) => !known.includes(name)) : names;
  if (!isList || stranger !== undefined) throw invalidOption('workloads', stranger, `some of ${known.join(', ')}`);
}

function checkBackends(backends: readonly (string | BenchBackend)[]): void {
  if (!Array.isArray(backends) || backends.length === 0) {
    throw invalidOption('backends', backends, 'a list of at least one backend');
  }
  for (const backend of backends) {
    if (typeof backend === 'string') checkBackendName(backend);
    else if (typeof backend?.open !== 'function')
      throw invalidOption('backends', backend, 'names, or backends of yours');
  }
}

function checkBatchSizes(sizes: readonly number[] | 'best', name: string): void {
  if (sizes === 'best') return;
  if (!Array.isArray(sizes) || sizes.length === 0)
    throw invalidOption(name, sizes, 'a list of whole numbers, or "best"');
  for (const size of sizes) checkCount(size, name);
}
