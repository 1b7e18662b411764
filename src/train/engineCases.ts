// A small problem, and an engine that learns it. Only tests import this file.
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { pickRows } from '../core/rows.ts';
import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { specOf } from '../losses/spec.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { createEngine, type EngineEvent, type TrainJob, type TrainSource } from './engine.ts';
import type { EpochEvent } from './events.ts';

export const FEATURES = 8;
export const CLASSES = 4;
/** More than are predicted at a time. */
export const SIZE = 300;

/** Points and a teacher's answers, which are a random linear map; there are no labels. */
export interface Problem {
  readonly inputs: NdArray;
  readonly teacher: NdArray;
}

function makeProblem(seed: number): Problem {
  const random = seededRandom(1);
  const map = Float32Array.from({ length: FEATURES * CLASSES }, () => 4 * random() - 2);
  const point = seededRandom(seed);
  const inputs = Float32Array.from({ length: SIZE * FEATURES }, () => 4 * point() - 2);
  const teacher = Float32Array.from({ length: SIZE * CLASSES }, (_, i) => {
    const row = inputs.subarray(Math.floor(i / CLASSES) * FEATURES).subarray(0, FEATURES);
    return row.reduce((sum, x, f) => sum + x * (map[f * CLASSES + (i % CLASSES)] as number), 0);
  });
  return { inputs: { data: inputs, shape: [SIZE, FEATURES] }, teacher: { data: teacher, shape: [SIZE, CLASSES] } };
}

export const problem = makeProblem(2);
export const holdout = makeProblem(3);
/** The class that the teacher predicts. */
export const classes = (logits: NdArray) =>
  Array.from({ length: SIZE }, (_, i) => argMax(logits.data, i * CLASSES, CLASSES));
const truth = classes(holdout.teacher);
export const accuracyOf = (logits: NdArray) => classes(logits).filter((c, i) => c === truth[i]).length / SIZE;

export function sourceOf({ inputs, teacher }: Problem): TrainSource {
  return {
    read: async (indices) => ({
      inputs: { input: pickRows(inputs, indices) },
      teacher: { logits: pickRows(teacher, indices) },
    }),
    readInputs: async (indices) => ({ input: pickRows(inputs, indices) }),
    readHoldout: async (indices) => ({ input: pickRows(holdout.inputs, indices) }),
  };
}

export const student = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [16] });

export async function makeJob(changed: Partial<TrainJob> = {}): Promise<TrainJob> {
  return {
    student: await student.portable(),
    loss: structuredClone(specOf(softTargets())),
    size: SIZE,
    epochs: 1,
    batchSize: 32,
    optimizer: { learningRate: 0.01 },
    seed: 5,
    teacherShapes: { logits: [CLASSES] },
    holdoutSize: 0,
    ...changed,
  };
}

export function bytesOf({ weightData }: StudentArtifacts): Uint8Array {
  return new Uint8Array(weightData);
}

export const never = new AbortController().signal;
export const ignore = () => undefined;
/** An engine for the tests of a `describe`, each of which must leave as many tensors as it found. */
export function engineOn(backendName: 'cpu' | 'wasm') {
  const engine = createEngine();
  let tensorsBefore = 0;
  beforeAll(async () => {
    const description = await engine.open(backendOptions(backendName));
    expect(description).toMatchObject({ backend: backendName, threads: 1, hasKernels: backendName === 'wasm' });
  });
  beforeEach(async () => {
    tensorsBefore = (await engine.memory()).tensors;
  });
  afterEach(async () => expect((await engine.memory()).tensors).toBe(tensorsBefore));
  afterAll(() => engine.close());

  async function train(changed: Partial<TrainJob> = {}, source = sourceOf(problem), signal = never) {
    const events: EngineEvent[] = [];
    const outcome = await engine.train(await makeJob(changed), source, (event) => void events.push(event), signal);
    const epochs = events.filter((event): event is EpochEvent & { holdoutOutputs?: NdArray } => event.type === 'epoch');
    return { ...outcome, events, epochs };
  }

  return { engine, train };
}

/** Logits near 10 are sums of about ten float32 products, each with a rounding of 10 · 2⁻²⁴. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const differences = Array.from(actual, (value, i) => Math.abs(value - (expected[i] as number)));
  expect(Math.max(...differences)).toBeLessThan(1e-5);
}
