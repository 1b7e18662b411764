import { afterEach, describe, expect, test, vi } from 'vitest';
import { exampleWeighted } from '../../../losses/combination/exampleWeighted.ts';
import { uncertaintyWeighted } from '../../../losses/combination/uncertaintyWeighted.ts';
import { weighted } from '../../../losses/combination/weighted.ts';
import { type Loss, named } from '../../../losses/loss.ts';
import { softTargets } from '../../../losses/response/softTargets.ts';
import { linear } from '../../../losses/schedule.ts';
import { specOf } from '../../../losses/spec.ts';
import * as tf from '../../../runtime/tf.ts';
import { engineOn } from '../../engineCases.ts';
import type { EngineEvent, TrainJob } from '../../job.ts';
import { type LoopOptions, trainLoop } from '../../loop.ts';
import { makers, setUp, trainingOn, weightsOf } from '../../loopCases.ts';
import { epochBatches } from '../../order.ts';
import { gradientsOf, toTensors } from '../../step.ts';
import type { Part } from '../part.ts';
import { type BalanceEvent, checkBalance } from './balance.ts';
import { openBalance } from './openBalance.ts';

afterEach(() => void vi.restoreAllMocks());

/** Mean squares of the student's own logits, times a factor. */
function squares(factor: number): Loss {
  return {
    name: 'squares',
    options: { factor },
    reads: { student: ['logits'], teacher: [], labels: false },
    isStatic: true,
    compute(_, { student }) {
      // Not tf.square, which is not replayed.
      const logits = named(student, 'logits');
      return tf.mul(tf.mean(tf.mul(logits, logits)), factor) as tf.Scalar;
    },
  };
}

const uneven = () =>
  weighted([
    { loss: softTargets({ temperature: 2 }), weight: 0.5 },
    { loss: squares(1e5), weight: 3 },
    { loss: squares(1), weight: 0 },
  ]);

function open(makeModel: () => tf.LayersModel, changed: Partial<LoopOptions>, given: Loss, every?: number) {
  const told: EngineEvent[] = [];
  const model = makeModel();
  const job = { balance: every === undefined ? true : { every } } as TrainJob;
  const emit = (event: EngineEvent) => void told.push(event);
  const part = openBalance({ job, model, loss: given, source: undefined, emit }) as Part;
  const loss = part.loss as Loss;
  const made = setUp(model, { ...changed, loss, parts: [part] });
  // As students are built: the output has a name.
  (made.model as { outputNames: string[] }).outputNames = ['logits'];
  return { ...made, loss, told, measured: () => told.filter((event) => event.type === 'balance') };
}

describe.each(['cpu', 'wasm'] as const)('balance on %s', (backendName) => {
  trainingOn(backendName);

  test.each(Object.entries(makers))('gives terms of different size the same strength: %s', async (_, makeModel) => {
    const { options, model, measured, free } = open(makeModel, {}, uneven());
    const before = weightsOf(model);
    const norms = [softTargets({ temperature: 2 }), squares(1e5)].map((loss) =>
      epochBatches(options, 1)
        .slice(0, 4)
        .map((indices) => gradientOf({ ...options, loss }, indices).then(lengthOf)),
    );
    const means: number[] = [];
    for (const each of norms) means.push((await Promise.all(each)).reduce((a, b) => a + b) / each.length);
    const left: number[][][] = [];
    const after: Part = { begin: async () => void left.push(weightsOf(model)) };
    const loop = trainLoop({ ...options, parts: [...(options.parts ?? []), after] });
    await loop.next();
    const event = measured()[0] as BalanceEvent;
    expect(event).toMatchObject({ type: 'balance', step: 0, terms: [{ name: 'softTargets' }, { name: 'squares 1' }] });
    // Measuring changed nothing, batch statistics included.
    expect(left).toEqual([before]);
    for (const [k, norm] of means.entries()) {
      const { gradientNorm = 0, scale = 0 } = event.terms[k] ?? {};
      expect(Math.abs(gradientNorm / norm - 1)).toBeLessThan(1e-4);
      expect(scale * norm).toBeCloseTo(1, 4);
    }
    const [quiet = 1, loud = 1] = event.terms.map(({ gradientNorm }) => gradientNorm);
    expect(loud / quiet).toBeGreaterThan(1e3);
    await loop.return();
    free();
  });

  test('learns as if the weights contained the scales', async () => {
    const one = open(makers['batch norm'] as () => tf.LayersModel, {}, uneven());
    for await (const _ of trainLoop(one.options));
    const events = one.measured();
    const [first, second] = (events[0] as BalanceEvent).terms.map(({ scale }) => scale) as [number, number];
    const loss = weighted([
      { loss: softTargets({ temperature: 2 }), weight: 0.5 * first },
      { loss: squares(1e5), weight: 3 * second },
    ]);
    const other = setUp((makers['batch norm'] as () => tf.LayersModel)(), { loss });
    (other.model as { outputNames: string[] }).outputNames = ['logits'];
    for await (const _ of trainLoop(other.options));
    expect(events).toHaveLength(1);
    expect(weightsOf(one.model)).toEqual(weightsOf(other.model));
    one.free();
    other.free();
  });

  test('is measured again if asked to, with a moving mean', async () => {
    const { options, measured, free } = open(makers['mlp'] as () => tf.LayersModel, { epochs: 3 }, uneven(), 5);
    for await (const _ of trainLoop(options));
    const events = measured();
    expect(events.map(({ step }) => step)).toEqual([0, 5, 10, 15, 20]);
    const [first, second] = events.map(({ terms }) => terms[1]?.gradientNorm ?? 0) as [number, number];
    // A tenth of what was found, which fell as the student learned.
    expect(second).toBeLessThan(first);
    expect(second).toBeGreaterThan(0.9 * first);
    expect(events[4]?.terms.every(({ gradientNorm, scale }) => Math.abs(gradientNorm * scale - 1) < 1e-12)).toBe(true);
    free();
  });

  test.each([
    ['0', 0],
    ['NaN', Number.NaN],
  ])('a term with a gradient of %s keeps the scale 1, and a notice says so', async (found, factor) => {
    const loss = weighted([
      { loss: softTargets(), weight: 1 },
      { loss: squares(factor), weight: 1 },
    ]);
    const { options, told, measured, free } = open(makers['mlp'] as () => tf.LayersModel, {}, loss);
    const loop = trainLoop(options);
    // With NaN the step itself fails afterwards.
    await loop.next().catch(() => undefined);
    expect(told[0]).toMatchObject({
      type: 'notice',
      message: expect.stringContaining(`"squares" has the length ${found}`),
    });
    const event = measured()[0] as BalanceEvent;
    expect(event.terms[0]?.scale).not.toBe(1);
    expect(event.terms[1]?.scale).toBe(1);
    await loop.return();
    free();
  });
});

describe('steps with changing weights', () => {
  trainingOn('wasm');

  test('are replayed, bit for bit as tfjs computes them', async () => {
    const loss = weighted([
      { loss: softTargets(), weight: linear(1, 0.25) },
      { loss: squares(1e5), weight: linear(0, 1, { start: 0.5 }) },
    ]);
    const learn = async (isStatic: boolean) => {
      const {
        options,
        loss: balanced,
        told,
        model,
        free,
      } = open(makers['batch norm'] as () => tf.LayersModel, { epochs: 4, batchSize: 10 }, { ...loss, isStatic }, 7);
      const runKernel = vi.spyOn(tf.engine(), 'runKernel');
      const calls: number[] = [];
      const notices: string[] = [];
      const clear: Part = {
        begin: async () => void runKernel.mockClear(),
        beforeStep: async () => void runKernel.mockClear(),
      };
      const all = { ...options, loss: { ...balanced, isStatic }, parts: [...(options.parts ?? []), clear] };
      for await (const event of trainLoop(all)) {
        if (event.type === 'notice') notices.push(event.message);
        else if (event.type === 'step') calls.push(runKernel.mock.calls.length);
      }
      expect(told.length).toBeGreaterThan(1);
      const weights = weightsOf(model);
      free();
      return { calls, notices, weights };
    };
    const replayed = await learn(true);
    const eager = await learn(false);
    expect(replayed.notices).toEqual([]);
    expect(eager.notices).toEqual([expect.stringContaining('one kernel at a time')]);
    expect(replayed.weights).toEqual(eager.weights);
    // Two go through tfjs, one is recorded, one is compared; from then on all are replayed, measured or not.
    expect(replayed.calls.slice(0, 4).every((count) => count > 5)).toBe(true);
    expect(replayed.calls.slice(4).every((count) => count <= 5)).toBe(true);
    expect(eager.calls.every((count) => count > 5)).toBe(true);
  });

  test.each(['confidence', 'soft-confidence', 'entropy'] as const)('are replayed with %s weights', async (kind) => {
    const each: Loss['perExample'] = (_, { student }) => tf.mean(named(student, 'logits'), -1) as tf.Tensor1D;
    const mean: Loss = { ...squares(1), perExample: each };
    const loss = weighted([{ loss: exampleWeighted(mean, { kind }), weight: linear(1, 0.5) }]);
    const { options, free } = open(makers['mlp'] as () => tf.LayersModel, {}, loss);
    const notices: unknown[] = [];
    for await (const event of trainLoop(options)) if (event.type === 'notice') notices.push(event.message);
    expect(notices).toEqual([]);
    free();
  });
});

describe('a balanced run of the engine', () => {
  const { train } = engineOn('wasm');

  test('rebuilds the loss from plain values, and reports what was measured', async () => {
    const loss = weighted([
      { loss: softTargets({ temperature: 4 }), weight: linear(1, 0) },
      { loss: uncertaintyWeighted([softTargets({ temperature: 1 }), softTargets({ temperature: 8 })]), weight: 0.5 },
    ]);
    const { events, error } = await train({ loss: structuredClone(specOf(loss)), balance: { steps: 2, every: 4 } });
    expect(error).toBeUndefined();
    const told = events.flatMap((event) => (event.type === 'balance' ? [event] : []));
    expect(told.map(({ step }) => step)).toEqual([0, 4, 8]);
    expect(told[0]?.terms.map(({ name }) => name)).toEqual(['softTargets', 'uncertaintyWeighted']);
    expect(events.filter((event) => event.type === 'notice')).toEqual([]);
  });
});

test.each<[string, () => void]>([
  ['a loss of one term', () => checkBalance(true, softTargets())],
  ['weights that are learned', () => checkBalance({}, uncertaintyWeighted([softTargets()]))],
  ['no step', () => checkBalance({ steps: 0 }, uneven())],
  ['half a step', () => checkBalance({ every: 0.5 }, uneven())],
  ['an unknown option', () => checkBalance({ step: 4 } as never, uneven())],
  ['a number instead of options', () => checkBalance(4 as never, uneven())],
])('refuses %s', (_, check) => expect(check).toThrow(expect.objectContaining({ code: 'invalid-option' })));

test('checks nothing if the loss is not balanced', () => {
  expect(() => checkBalance(false, softTargets())).not.toThrow();
});

async function gradientOf(options: LoopOptions, indices: Int32Array): Promise<number[]> {
  const batch = await options.read(indices);
  const variables = options.model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const rest = options.model.nonTrainableWeights.map((weight) => weight.read() as tf.Variable);
  const before = rest.map((variable) => variable.clone());
  const slopes: number[] = [];
  tf.tidy(() => {
    const { grads } = gradientsOf(options, variables, toTensors(batch, Object.values(batch.inputs)));
    for (const gradient of Object.values(grads)) slopes.push(...gradient.dataSync());
  });
  rest.forEach((variable, i) => {
    variable.assign(before[i] as tf.Tensor);
  });
  tf.dispose(before);
  return slopes;
}

function lengthOf(slopes: readonly number[]): number {
  return Math.sqrt(slopes.reduce((sum, slope) => sum + slope * slope, 0));
}
