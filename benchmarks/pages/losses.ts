// Runs inside a worker: one backend, opened once, on which steps of a student with different losses are timed when asked.
import * as losses from '../../src/losses/all.ts';
import type { Loss } from '../../src/losses/loss.ts';
import type { BackendOptions } from '../../src/runtime/backends/backend.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import * as tf from '../../src/runtime/tf.ts';
import { buildStudent } from '../../src/student/build.ts';
import { cohort } from '../../src/student/kinds/cohort.ts';
import { tapStudent } from '../../src/student/taps.ts';
import { cnn } from '../../src/student/zoo/cnn.ts';
import { openLoss } from '../../src/train/openLoss.ts';
import { makeOptimizer } from '../../src/train/optimizer.ts';
import { trainStep, variablesOf } from '../../src/train/step.ts';
import { openStepper } from '../../src/train/stepper.ts';

export type LossBenchRequest =
  | { readonly ask: 'open'; readonly options: BackendOptions }
  | { readonly ask: 'steps'; readonly loss: string; readonly count: number };

export interface LossBenchTimes {
  readonly eager: readonly number[];
  readonly replayed: readonly number[];
  /** Why steps are not replayed. */
  readonly why: string | undefined;
}

const BATCH = 64;
const CLASSES = 10;
/** Until a step is recorded, compared, and replayed. */
const WARM_UP = 5;

const makers: Readonly<Record<string, () => Loss>> = {
  softTargets: () => losses.softTargets(),
  decoupledTargets: () => losses.decoupledTargets(),
  distributionCorrelation: () => losses.distributionCorrelation(),
  standardizedTargets: () => losses.standardizedTargets(),
  similarity: () => losses.similarity({ output: 'dense' }),
  relationDistance: () => losses.relationDistance({ output: 'dense' }),
  attentionMap: () => losses.attentionMap({ output: 'conv_2' }),
  featureHint: () => losses.featureHint({ output: 'conv_2' }),
  mutual: () => losses.mutual(),
  contrastive: () => losses.contrastive({ output: 'dense' }),
};

/** What the teacher gives for one example: maps twice as fine and half as deep again as the student's. */
const teacherShapes: Readonly<Record<string, readonly number[]>> = {
  logits: [CLASSES],
  dense: [128],
  conv_2: [22, 22, 48],
};

interface Stepper {
  readonly step: () => void;
  readonly eagerStep: () => void;
  readonly why: () => string | undefined;
  readonly free: () => void;
}

async function stepperOf(name: string): Promise<Stepper> {
  const loss = (makers[name] as () => Loss)();
  const student = name === 'mutual' ? cohort([cnn(), cnn()]) : cnn();
  const model = await buildStudent(await student.portable(), 1);
  const tapped = tapStudent(model, loss.reads.student);
  const shapes = { student: tapped.outputs, teacher: teacherShapes, batchSize: BATCH, examples: BATCH };
  const opened = openLoss(loss, { shapes, seed: 1 });
  const optimizer = makeOptimizer(tf, {});
  const options = { model, student: tapped, loss: opened, optimizer };
  const variables = variablesOf(options);
  const teacher = loss.reads.teacher.map((output) => [output, valuesOf(teacherShapes[output] ?? [])] as const);
  const batch = {
    inputs: { input: valuesOf([28, 28, 1]) },
    teacher: Object.fromEntries(teacher),
    ...(loss.reads.labels && { labels: Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES) }),
  };
  const stepper = openStepper(options);
  return {
    step: () => void stepper.step(batch, 'the benchmark'),
    eagerStep: () => void trainStep(options, variables, batch, 'the benchmark'),
    why: () => stepper.why,
    free() {
      stepper[Symbol.dispose]();
      opened[Symbol.dispose]();
      optimizer.dispose();
      model.dispose();
    },
  };
}

function valuesOf(shape: readonly number[]) {
  const length = shape.reduce((product, side) => product * side, BATCH);
  return {
    data: Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1),
    shape: [BATCH, ...shape],
  };
}

/** Eager and replayed steps by turns, so that a busy moment of the machine hits both. */
async function timesOf(name: string, count: number): Promise<LossBenchTimes> {
  const stepper = await stepperOf(name);
  for (let i = 0; i < WARM_UP; i++) stepper.step();
  const [eager, replayed]: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i++) {
    eager.push(msOf(stepper.eagerStep));
    replayed.push(msOf(stepper.step));
  }
  const why = stepper.why();
  stepper.free();
  return { eager, replayed, why };
}

function msOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

async function answer(request: LossBenchRequest): Promise<unknown> {
  if (request.ask === 'steps') return timesOf(request.loss, request.count);
  const { description } = await openBackendHere({ ...request.options, assetBase: '/' });
  return description;
}

self.onmessage = ({ data }: MessageEvent<LossBenchRequest>) => {
  answer(data).then(
    (result) => self.postMessage({ result }),
    (error: Error) => self.postMessage({ error: String(error.stack ?? error) }),
  );
};
