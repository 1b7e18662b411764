import type { Environment } from '../environment.ts';
import type { BenchReport, BenchRow, WorkloadName } from '../report.ts';
import { type JsonSchema, objectOf } from './jsonSchema.ts';

/** A text that people read. */
const MOST_TEXT = 2000;
const MOST_NAME = 300;
export const MOST_ROWS = 5000;
const MOST_ROUNDS = 100_000;
const MOST_SAMPLE = 200;
const MOST_NOTICES = 50;
const MOST_ENTRIES = 500;

const text = (description?: string, maxLength = MOST_TEXT): JsonSchema => ({
  ...(description !== undefined && { description }),
  type: 'string',
  maxLength,
});
const name = (description?: string) => text(description, MOST_NAME);
/** null where it is unknown. */
const figure = (description?: string, maximum?: number): JsonSchema => ({
  ...(description !== undefined && { description }),
  type: ['number', 'null'],
  minimum: 0,
  ...(maximum !== undefined && { maximum }),
});
const whole = (description: string, minimum = 0): JsonSchema => ({ description, type: 'integer', minimum });
const flag = (description: string): JsonSchema => ({ description, type: 'boolean' });
const oneOf = (words: readonly string[], description?: string): JsonSchema => ({
  ...(description !== undefined && { description }),
  type: 'string',
  enum: words,
});
const list = (items: JsonSchema, maxItems: number, description: string): JsonSchema => ({
  description,
  type: 'array',
  items,
  maxItems,
});
const named = (of: JsonSchema, description: string): JsonSchema => ({
  description,
  type: 'object',
  additionalProperties: of,
  maxProperties: MOST_ENTRIES,
});

/** In the order of a printed report; TypeScript finds one that is missing. */
export const WORKLOADS = Object.keys({
  inference: true,
  'train-step': true,
  'distillation-step': true,
  personalization: true,
  'cold-start': true,
  memory: true,
} satisfies Record<WorkloadName, true>) as readonly WorkloadName[];

const SIMD_LEVELS = ['relaxed', 'simd', 'none'] satisfies readonly Environment['simdLevel'][];

const ENVIRONMENT = objectOf<Environment>(
  {
    engine: name('Engine and version, such as "Chromium 156" or "Node 20.19".'),
    cores: whole('Cores that the platform offers.'),
    isIsolated: flag('Whether the page was cross-origin isolated.'),
    simdLevel: oneOf(SIMD_LEVELS, 'Vectors of WebAssembly: with fused multiply-add, without it, or none.'),
    clockMs: figure('Step of the clock, in milliseconds.'),
    versions: {
      ...objectOf<Environment['versions']>({ limbeck: name() }, { tfjs: name(), onnxruntime: name() }),
      description: 'Versions of the libraries.',
    },
    why: named(text(), 'A sentence for everything that the platform withholds.'),
  },
  {
    os: name('Operating system.'),
    processor: name('Processor, where the platform tells it.'),
    vectorPeakGflops: figure('Measured peak of one core, in 10⁹ operations a second; a multiply-add counts as two.'),
    gpu: {
      ...objectOf<NonNullable<Environment['gpu']>>(
        {
          name: name('As WebGPU names the adapter.'),
          isSoftware: flag('Whether the processor plays the GPU.'),
          limits: named(figure(), 'Limits of the adapter.'),
          features: list(name(), MOST_ENTRIES, 'Features of the adapter.'),
        },
        {},
      ),
      description: 'The adapter of WebGPU.',
    },
    memoryBytes: figure('Memory of the device, or the lower bound of it that the browser tells.'),
    power: {
      ...objectOf<NonNullable<Environment['power']>>(
        { isCharging: flag('Whether it draws from the mains.'), levelFraction: figure('Charge of the battery.', 1) },
        {},
      ),
      description: 'The battery.',
    },
  },
);

const ROW = objectOf<BenchRow>(
  {
    workload: oneOf(WORKLOADS, 'What was timed.'),
    model: name('Name of the model.'),
    backend: name('Such as "kernels", "onnxruntime-wasm" or "tfjs-webgl".'),
    threads: whole('Threads of the processor.'),
    batch: whole('Examples in one pass.', 1),
    medianMs: figure('Median of the counted passes, in milliseconds; null if there is none.'),
    intervalMs: {
      ...list(figure(), 2, 'Interval in which the median lies with 95 % confidence: low and high end.'),
      minItems: 2,
    },
    p90Ms: figure('90th percentile, in milliseconds.'),
    p99Ms: figure('99th percentile, in milliseconds.'),
    spreadFraction: figure('Median absolute deviation as a fraction of the median.'),
    examplesPerSecond: figure('Examples a second at the median.'),
    runs: whole('Passes that count.'),
    warmUps: whole('Passes before them that do not.'),
    roundsMs: list(figure(), MOST_ROUNDS, 'Median of each round; rows of one model share their rounds.'),
    sampleMs: list(figure(), MOST_SAMPLE, 'Some of the counted passes, evenly drawn.'),
    isRight: flag('Whether its numbers are those of the reference.'),
    notices: list(text(), MOST_NOTICES, 'What to know about the figures.'),
  },
  {
    simdLevel: oneOf(SIMD_LEVELS, 'Vectors of WebAssembly.'),
    peakBytes: figure('Highest bytes of the heap or the process.'),
    sessionBytes: figure('What opening the model added to it.'),
    errorFraction: figure('Largest difference from the reference, as a fraction of its range.'),
    skipped: text('Why it could not run, failed, was ended, or is wrong.'),
  },
);

/** The schema of a report, of which `dist/bench-report.schema.json` is a copy. Properties that it does not name may be there. */
export const REPORT_SCHEMA: JsonSchema & { readonly $schema: string; readonly title: string } = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Report of a benchmark of limbeck',
  ...objectOf<BenchReport>(
    {
      format: { type: 'string', const: 'limbeck-bench' },
      version: { type: 'integer', const: 1 },
      date: text('ISO 8601, UTC.', 40),
      environment: { ...ENVIRONMENT, description: 'Where it was measured.' },
      settings: objectOf<BenchReport['settings']>(
        { budgetMs: figure('Time that it was given, in milliseconds.'), seed: { type: 'number' } },
        {},
      ),
      rows: list(ROW, MOST_ROWS, 'One for each workload, model, backend and batch.'),
      recommendation: named(text(), 'Which backend to take for a model, by "model" or "model, workload".'),
    },
    {},
  ),
};
