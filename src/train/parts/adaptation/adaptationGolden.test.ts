import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pickRows } from '../../../core/rows.ts';
import type { NamedArrays, NdArray } from '../../../core/shape.ts';
import { crossEntropy } from '../../../losses/response/crossEntropy.ts';
import { specOf } from '../../../losses/spec.ts';
import * as tf from '../../../runtime/tf.ts';
import { artifactsOf } from '../../../student/layersModel.ts';
import { engineOn } from '../../engineCases.ts';
import type { TrainJob, TrainSource } from '../../job.ts';
import type { AdaptationOptions } from './adaptation.ts';
import { expectNear, valuesOf } from './adaptationCases.ts';

type Values = Readonly<Record<string, readonly number[]>>;

interface GoldenRun {
  readonly name: string;
  readonly student: 'dense' | 'convolution';
  readonly adaptation: Omit<AdaptationOptions, 'anchor'> & { readonly anchor?: { readonly strength: number } };
  /** Of each product, A at the start; both factors at the end, alpha ÷ rank in the right one. */
  readonly left?: Values;
  readonly leftAfter?: Values;
  readonly rightAfter?: Values;
  readonly importance?: Values;
  /** Before each step, without the penalty. */
  readonly losses?: readonly number[];
  /** Examples of private steps, one after the other. */
  readonly order?: readonly number[];
  readonly weights: Values;
}

interface GoldenStudent {
  readonly inputs: readonly number[];
  readonly labels: readonly number[];
  readonly weights: Values;
  readonly importance: Values;
}

/** adaptation.json, which scripts/golden/adaptation.py made with PyTorch; what is given are integers k for k / 64. */
const golden = JSON.parse(readFileSync(new URL('../../golden/adaptation.json', import.meta.url), 'utf8')) as {
  readonly learningRate: number;
  readonly steps: number;
  readonly students: Readonly<Record<GoldenRun['student'], GoldenStudent>>;
  readonly runs: readonly GoldenRun[];
};

/** Six roundings of weights below 1, by 2⁻²⁵ at most each, and what the gradients' own add. Largest seen: 8.7e-8. */
const TOLERANCE = 2.5e-7;
/** A mean of logarithms below 2, each of sums of some twenty products. Largest seen: 9.6e-8. */
const COST_TOLERANCE = 2.5e-7;

const INPUT_SHAPES = { dense: [6], convolution: [6, 6, 2] };

describe.each(['cpu', 'wasm'] as const)('as in PyTorch, on %s', (backendName) => {
  const { train } = engineOn(backendName);

  async function run(of: GoldenRun['student'], changed: Partial<TrainJob>, source: TrainSource) {
    const { labels } = golden.students[of];
    const student = { kind: 'artifacts', artifacts: await artifactsAtStart(of) } as const;
    const loss = structuredClone(specOf(crossEntropy()));
    const optimizer = { name: 'sgd', learningRate: golden.learningRate } as const;
    const job = { student, loss, optimizer, size: labels.length, batchSize: labels.length, teacherShapes: {} };
    const outcome = await train({ ...job, ...changed }, source);
    expect(outcome.error).toBeUndefined();
    // One would say that steps are not replayed.
    expect(outcome.events.filter(({ type }) => type === 'notice')).toEqual([]);
    return outcome;
  }

  const named = golden.runs.map((one) => ({ title: `${one.name}, ${one.student}`, ...one }));

  test.each(named)('$title', async ({ student, order: taken, losses, left, weights, ...given }) => {
    // The blank one comes first.
    const order = taken && [0, ...taken];
    const adaptation = { ...given.adaptation, ...anchorOf(student, given) } as AdaptationOptions;
    const job = order === undefined ? { epochs: golden.steps } : { epochs: 1, batchSize: 1, size: order.length };
    const before = (step: number) => step === 0 && giveLeft(left ?? {});
    const outcome = await run(student, { ...job, adaptation }, sourceOf(student, before, order));
    expectAll(valuesOf(outcome.artifacts), weights, TOLERANCE);
    const products = outcome.adapted?.lowRank ?? {};
    expectAll(flat(products, 'left'), given.leftAfter ?? {}, TOLERANCE);
    expectAll(flat(products, 'right'), given.rightAfter ?? {}, TOLERANCE);
    if (losses === undefined) return;
    expect(outcome.epochs).toHaveLength(losses.length);
    for (const [i, { loss }] of outcome.epochs.entries()) {
      expect(Math.abs(loss - (losses[i] as number))).toBeLessThan(COST_TOLERANCE);
    }
  });

  test.each(['dense', 'convolution'] as const)('importance, %s', async (student) => {
    const job = { epochs: 1, batchSize: 1, adaptation: { measures: 'importance' } } as const;
    const { adapted, artifacts } = await run(student, job, sourceOf(student));
    expectAll(adapted?.importance ?? {}, golden.students[student].importance, TOLERANCE);
    expect(valuesOf(artifacts)).toEqual(valuesOf(await artifactsAtStart(student)));
  });
});

async function artifactsAtStart(student: GoldenRun['student']) {
  const hidden = { name: 'hidden', inputShape: INPUT_SHAPES[student], activation: 'relu' } as const;
  const model = tf.sequential({
    layers: [
      ...(student === 'dense'
        ? [tf.layers.dense({ ...hidden, units: 8 })]
        : [tf.layers.conv2d({ ...hidden, filters: 4, kernelSize: 3, strides: 2 }), tf.layers.flatten()]),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });
  const values = golden.students[student].weights;
  const tensors = model.weights.map(({ originalName, shape }) =>
    tf.tensor(sixtyFourths(values[originalName] ?? []), shape as number[]),
  );
  model.setWeights(tensors);
  tf.dispose(tensors);
  const artifacts = await artifactsOf(model);
  model.dispose();
  return artifacts;
}

/** Gives the examples that are asked for, or those of `order`, whatever is asked for. */
function sourceOf(
  student: GoldenRun['student'],
  before: (step: number) => void = () => undefined,
  order?: readonly number[],
): TrainSource {
  const { inputs, labels } = golden.students[student];
  const all: NdArray = { data: sixtyFourths(inputs), shape: [labels.length, ...INPUT_SHAPES[student]] };
  let step = 0;
  return {
    async read(indices) {
      before(step);
      const picked = order === undefined ? indices : Int32Array.of(order[step] as number);
      step++;
      return {
        inputs: { input: pickRows(all, picked) },
        teacher: {},
        labels: picked.map((i) => labels[i] as number),
      };
    },
    readInputs: async () => ({}),
    readHoldout: async () => ({}),
  };
}

/** Puts A in the place of what was drawn. */
function giveLeft(left: Values): void {
  for (const [name, integers] of Object.entries(left)) {
    const variable = tf.engine().registeredVariables[`low-rank/${name}/left`] as tf.Variable;
    const value = tf.tensor(sixtyFourths(integers), variable.shape);
    variable.assign(value);
    value.dispose();
  }
}

function anchorOf(student: GoldenRun['student'], { adaptation, importance }: Partial<GoldenRun>) {
  if (adaptation?.anchor === undefined || importance === undefined) return {};
  const arrays = Object.entries(importance).map(([name, integers]) => {
    const data = sixtyFourths(integers);
    expect(data.length).toBe(golden.students[student].weights[name]?.length);
    return [name, { data, shape: [data.length] }];
  });
  return { anchor: { ...adaptation.anchor, importance: Object.fromEntries(arrays) as NamedArrays } };
}

function flat(
  products: Readonly<Record<string, { left: Float32Array; right: Float32Array }>>,
  side: 'left' | 'right',
): NamedArrays {
  return Object.fromEntries(
    Object.entries(products).map(([name, product]) => [name, { data: product[side], shape: [product[side].length] }]),
  );
}

function expectAll(found: NamedArrays, expected: Values, tolerance: number): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    // Not Float32Array: rounding what is expected would hide some of the error.
    expectNear(found[name] as NdArray, { data: values as unknown as NdArray['data'], shape: [] }, tolerance);
  }
}

function sixtyFourths(integers: readonly number[]): Float32Array {
  return Float32Array.from(integers, (k) => k / 64);
}
