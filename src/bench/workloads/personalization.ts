import { lora } from '../../adapt/methods/lora.ts';
import { personalize } from '../../adapt/personalize.ts';
import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { derivedSeed, seededRandom } from '../../core/random.ts';
import { type NamedArrays, sizeOf } from '../../core/shape.ts';
import { fromArrays } from '../../data/arrays.ts';
import type { WeightChange } from '../../student/patch/patch.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../../student/student.ts';
import { inputShapesOf } from '../../student/topology/inputShapesOf.ts';
import { openTrainer, type TrainerOptions } from '../../train/trainer.ts';
import { checkTraining } from '../checkAnswer.ts';
import { BENCH_SEED, studentOf, tokensOf } from '../modelForms.ts';
import type { TfjsPlace } from '../session/task.ts';
import type { BenchModel } from '../subject.ts';
import type { Workload } from '../workload.ts';

/** So few examples and epochs are asked of the reference too, which is slow. */
const ANSWER = { examples: 8, epochs: 1 };
const TIMED = { epochs: 5 };
const CLASSES = 2;
/** Of an example, around its class. */
const NOISE = 0.3;
const MOST = 1 + NOISE;

/**
 * A whole run of `personalize` by LoRA on a person's few examples, with its guard: a pass is one run on a warm trainer, timed on the
 * page. The batch is how many examples the person has, of two classes.
 */
export const personalization: Workload = {
  name: 'personalization',
  suits: ({ student }) => student !== undefined,
  batch: () => 16,
  references: () => ['tfjs-cpu', 'kernels:1:simd'],
  obstacle: ({ tfjs }) => (tfjs === undefined ? 'onnxruntime-web does not train.' : stockObstacle(tfjs)),
  async open({ tfjs }, model, batch, signal) {
    const obstacle = personalization.obstacle({ ...(tfjs && { tfjs }) }, model);
    if (tfjs === undefined || obstacle !== undefined) throw new LimbeckError('invalid-option', String(obstacle));
    const artifacts = await studentOf(model, signal);
    throwIfAborted(signal);
    const trainer = await openTrainer(trainerOptions(tfjs));
    const { backend, threads, simdLevel, hasKernels, notices } = trainer.description;
    const close = () => trainer[Symbol.asyncDispose]();
    const kill = () => void close();
    signal.addEventListener('abort', kill, { once: true });
    if (backend !== (tfjs.engine === 'kernels' ? 'wasm' : tfjs.engine)) {
      await close();
      throw new LimbeckError('backend-unavailable', notices.join(' '));
    }
    const student = studentFromArtifacts(model.name, artifacts);
    const run = (examples: number, which: number, epochs: number) =>
      personalize({
        ...{ student, trainer, seed: BENCH_SEED, signal },
        data: personsExamples(artifacts, model, examples, which),
        method: lora({ epochs, batchSize: ANSWER.examples }),
      }).done;
    return {
      threads,
      ...(hasKernels && { simdLevel }),
      notices: tfjs.engine === 'cpu' ? [] : notices,
      async time(figures, together) {
        const times: number[] = [];
        for (let i = 0; i < figures; i++) {
          const startedAt = performance.now();
          for (let j = 0; j < together; j++) await run(batch, 0, TIMED.epochs);
          times.push((performance.now() - startedAt) / together);
        }
        return times;
      },
      answer: async (which) => answerOf((await run(ANSWER.examples, which, ANSWER.epochs)).changes),
      peakBytes: async () => (await trainer.memory()).heapBytes || undefined,
      kill,
      async [Symbol.asyncDispose]() {
        signal.removeEventListener('abort', kill);
        await close();
      },
    };
  },
  check: checkTraining,
};

function stockObstacle({ engine }: TfjsPlace): string | undefined {
  const isOwn = engine === 'kernels' || engine === 'cpu' || engine === 'webgpu';
  return isOwn ? undefined : 'limbeck personalizes on its kernels, on tfjs’s cpu and on WebGPU only.';
}

function trainerOptions({ engine, threads, simdLevel }: TfjsPlace): TrainerOptions {
  if (engine === 'kernels') return { threads, ...(simdLevel && { simdLevel }) };
  return { backend: engine as 'cpu' | 'webgpu' };
}

/** Examples around a pattern for each class, so that there is something to learn. */
function personsExamples(artifacts: StudentArtifacts, model: BenchModel, examples: number, which: number) {
  const tokens = tokensOf(artifacts);
  const inputs = Object.entries(inputShapesOf(artifacts)).map(([name, declared]) => {
    const shape = model.inputs?.[name] ?? declared.map((length) => length ?? 1);
    const size = sizeOf(shape);
    const numbers = (purpose: string) => {
      const random = seededRandom(derivedSeed(BENCH_SEED, `bench/person ${which}/${name}/${purpose}`));
      return Float32Array.from({ length: size }, () => 2 * random() - 1);
    };
    const patterns = Array.from({ length: CLASSES }, (_, c) => numbers(`class ${c}`));
    const below = tokens[name];
    const data = new Float32Array(examples * size);
    for (let i = 0; i < examples; i++) {
      const pattern = patterns[i % CLASSES] as Float32Array;
      const noise = numbers(`example ${i}`);
      for (let j = 0; j < size; j++) {
        const value = (pattern[j] as number) + NOISE * (noise[j] as number);
        data[i * size + j] = below === undefined ? value : Math.floor((value / MOST / 2 + 0.5) * below) % below;
      }
    }
    return [name, { data, shape: [examples, ...shape] }] as const;
  });
  const labels = Int32Array.from({ length: examples }, (_, i) => i % CLASSES);
  return fromArrays(Object.fromEntries(inputs), labels);
}

function answerOf(changes: readonly WeightChange[]): NamedArrays {
  const arrays = changes.flatMap((change) => (change.kind === 'added' ? [change.delta] : [change.left, change.right]));
  return {
    losses: { data: Float32Array.of(arrays.length), shape: [1] },
    ...Object.fromEntries(arrays.map((data, i) => [`change ${i}`, { data, shape: [data.length] }])),
  };
}
