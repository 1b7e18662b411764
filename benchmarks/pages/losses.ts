// Runs inside a worker: one backend, opened once, on which steps of a student with different losses are timed when asked.
import { timePasses } from '../../src/core/timing.ts';
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
import { answerQuestions, type Timed } from './answerQuestions.ts';

export type LossBenchRequest =
  | { readonly ask: 'open'; readonly options: BackendOptions }
  /** Builds the student and its loss. */
  | { readonly ask: 'hold'; readonly loss: string }
  | ({ readonly ask: 'time'; readonly way: 'eager' | 'replayed' } & Timed)
  /** Frees them, and tells why steps are not replayed. */
  | { readonly ask: 'free' };

const BATCH = 64;
const CLASSES = 10;
/** So slow that the student does not come to rest, where numbers become too small to be normal. */
const LEARNING_RATE = 1e-6;

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
  readonly replayed: () => void;
  /** The same step through tfjs, one kernel at a time. */
  readonly eager: () => void;
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
  const optimizer = makeOptimizer(tf, { learningRate: LEARNING_RATE });
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
    replayed: () => void stepper.step(batch, 'the benchmark'),
    eager: () => void trainStep(options, variables, batch, 'the benchmark'),
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

let held: Stepper | undefined;

async function answer(request: LossBenchRequest): Promise<unknown> {
  if (request.ask === 'open') {
    const { description } = await openBackendHere({ ...request.options, assetBase: '/' });
    return description;
  }
  if (request.ask === 'hold') {
    held = await stepperOf(request.loss);
    return undefined;
  }
  if (held === undefined) throw new Error('No loss is held.');
  if (request.ask === 'time') return timePasses(held[request.way], request.figures, 0, request.together);
  const why = held.why();
  held.free();
  held = undefined;
  return { why };
}

answerQuestions(answer);
