import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { range } from '../cases/featureCases.ts';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type ReviewOptions, review } from './review.ts';

const outputs = ['low', 'high', 'pooled'];
type Options = Required<ReviewOptions>;

/** [B][H][W][C]. */
type PlainMap = number[][][][];

checkUse(review, {
  options: { outputs: ['a', 'b'], teacherOutputs: ['c', 'd'], width: 3 },
  student: { a: [6, 6, 4], b: [5] },
  teacher: { c: [3, 3, 4], d: [7] },
  mismatches: [[{ b: [5, 5] }, {}, {}, /a map \[H, W, C\] or a vector \[F\]/]],
  weight: { of: 'maps', options: { outputs: ['a'], teacherOutputs: ['b'], width: 64 } },
});

describe('review', () => {
  checkLoss<Options>(review, {
    golden: 'review',
    reference,
    // The fusion is learned, so there is no one best student; a single stage is tried below.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no stage': () => review({ outputs: [] }),
      'no list of stages': () => review({ output: 'low' } as unknown as ReviewOptions),
      'a stage without a name': () => review({ outputs: ['low', ''] }),
      'a stage too few of the teacher': () => review({ outputs, teacherOutputs: ['first'] }),
      'no width': () => review({ outputs, width: 0 }),
      'half a channel': () => review({ outputs, width: 1.5 }),
      'an option that it does not have': () => review({ outputs, levels: [4] } as ReviewOptions),
    },
  });

  test('has the defaults that it documents', () => {
    const loss = review({ outputs });
    expect(loss.options).toEqual({ outputs, teacherOutputs: outputs, width: 64 });
    expect(loss.reads).toEqual({ student: outputs, teacher: outputs, labels: false });
  });

  test('asks for what each stage is reduced, fused and expanded with; the deepest is not fused', () => {
    const loss = review({ outputs: ['a', 'b'], width: 5 });
    const shapes = { student: { a: [8, 8, 3], b: [4] }, teacher: { a: [8, 8, 6], b: [7] }, batchSize: 2, examples: 4 };
    const asked = Object.entries(loss.parameters?.(shapes) ?? {}).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(asked.filter(([name]) => String(name).endsWith('Kernel')))).toEqual({
      reduce0Kernel: [3, 5],
      expand0Kernel: [5, 6],
      fuse0Kernel: [10, 2],
      reduce1Kernel: [4, 5],
      expand1Kernel: [5, 7],
    });
    expect(() => loss.check?.(shapes)).not.toThrow();
    const sequence = { ...shapes, teacher: { ...shapes.teacher, a: [7, 6] } };
    expect(() => loss.check?.(sequence)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test('is zero, and flat, where one stage equals the teacher’s and the fusion changes nothing', () => {
    const map = { shape: [2, 5, 5, 2], values: range(100).map((i) => Math.sin(i)) };
    const identity = { shape: [2, 2], values: [1, 0, 0, 1] };
    const zero = { shape: [2], values: [0, 0] };
    const parameters = { reduce0Kernel: identity, reduce0Bias: zero, expand0Kernel: identity, expand0Bias: zero };
    const loss = review({ outputs: ['low'], width: 2 });
    const got = evaluate(loss, { student: { low: map }, teacher: { low: map }, parameters });
    expect(got.value).toBe(0);
    expect(
      Object.values(got.student)
        .flat()
        .every((slope) => slope === 0),
    ).toBe(true);
  });

  test('sends the shallowest stage’s signal to the deepest', () => {
    const loss = review({ outputs: ['low', 'pooled'], width: 4 });
    const shapes = { student: { low: [4, 4, 2], pooled: [3] }, teacher: { low: [4, 4, 2], pooled: [3] } };
    tf.tidy(() => {
      const asked = Object.entries(loss.parameters?.({ ...shapes, batchSize: 2, examples: 4 }) ?? {});
      const parameters = Object.fromEntries(asked.map(([name, { shape }]) => [name, seeded(shape)]));
      const low = seeded([2, 4, 4, 2]);
      const pooled = seeded([2, 3]);
      // The deepest stage's own term stays out: its expansion gives the teacher's zeros whatever comes.
      const silent = { ...parameters, expand1Kernel: tf.zeros([4, 3]), expand1Bias: tf.zeros([3]) };
      const teacher = { low: seeded([2, 4, 4, 2]), pooled: tf.zeros([2, 3]) };
      const slope = tf.grad((x) => loss.compute(tf, { student: { low, pooled: x }, teacher, parameters: silent }))(
        pooled,
      );
      expect(Math.max(...tf.abs(slope).dataSync())).toBeGreaterThan(1e-3);
    });
  });

  test('is the mean of its value for each example', () => {
    const loss = review({ outputs: ['low', 'pooled'], width: 4 });
    const shapes = { student: { low: [4, 4, 2], pooled: [3] }, teacher: { low: [4, 4, 2], pooled: [3] } };
    tf.tidy(() => {
      const asked = Object.entries(loss.parameters?.({ ...shapes, batchSize: 2, examples: 4 }) ?? {});
      const parameters = Object.fromEntries(asked.map(([name, { shape }]) => [name, seeded(shape)]));
      const side = () => ({ low: seeded([2, 4, 4, 2]), pooled: seeded([2, 3]) });
      const tensors = { student: side(), teacher: side(), parameters };
      const each = [...(loss.perExample?.(tf, tensors).dataSync() ?? [])];
      expect(each.length).toBe(2);
      expect(mean(each) / (loss.compute(tf, tensors).dataSync()[0] as number)).toBeCloseTo(1, 5);
    });
  });
});

/** Small numbers, so that no gate is shut. */
function seeded(shape: readonly number[]): tf.Tensor {
  return tf.randomNormal(
    [...shape],
    0,
    0.5,
    'float32',
    shape.reduce((seed, length) => 7 * seed + length, 1),
  );
}

function reference(inputs: LossInputs, { outputs: own, teacherOutputs }: Options): number {
  let total = 0;
  let deeper: PlainMap | undefined;
  for (let i = own.length - 1; i >= 0; i--) {
    const teacher = plainMap(inputs.teacher[teacherOutputs[i] as string] as Values);
    let map = mapped(plainMap(inputs.student[own[i] as string] as Values), inputs, `reduce${i}`);
    if (deeper !== undefined) {
      const residual = nearest(deeper, map);
      const both = map.map((rows, b) =>
        rows.map((row, y) => row.map((values, x) => [...values, ...(residual[b]?.[y]?.[x] ?? [])])),
      );
      const gates = mapped(both, inputs, `fuse${i}`);
      const gate = (value: number) => 1 / (1 + Math.exp(-value));
      map = map.map((rows, b) =>
        rows.map((row, y) =>
          row.map((values, x) => {
            const [ofMap = 0, ofDeeper = 0] = (gates[b]?.[y]?.[x] ?? []).map(gate);
            return values.map((value, c) => value * ofMap + (residual[b]?.[y]?.[x]?.[c] as number) * ofDeeper);
          }),
        ),
      );
    }
    deeper = nearest(map, teacher);
    total += pyramid(mapped(deeper, inputs, `expand${i}`), teacher);
  }
  return total;
}

function pyramid(student: PlainMap, teacher: PlainMap): number {
  const least = Math.min(student[0]?.length ?? 0, student[0]?.[0]?.length ?? 0);
  let [weight, weights, sum] = [1, 1, squares(student, teacher)];
  for (const level of [4, 2, 1]) {
    if (level >= least) continue;
    weight /= 2;
    weights += weight;
    sum += weight * squares(pooled(student, level), pooled(teacher, level));
  }
  return sum / weights;
}

function squares(a: PlainMap, b: PlainMap): number {
  const [own, other] = [a.flat(3), b.flat(3)];
  return mean(own.map((value, i) => (value - (other[i] as number)) ** 2));
}

function pooled(map: PlainMap, level: number): PlainMap {
  const [height, width] = [map[0]?.length ?? 0, map[0]?.[0]?.length ?? 0];
  const window = (i: number, length: number) =>
    range(length).filter((at) => at >= Math.floor((i * length) / level) && at < Math.ceil(((i + 1) * length) / level));
  return map.map((rows) =>
    range(level).map((i) =>
      range(level).map((j) =>
        (rows[0]?.[0] ?? []).map((_, c) =>
          mean(window(i, height).flatMap((y) => window(j, width).map((x) => rows[y]?.[x]?.[c] as number))),
        ),
      ),
    ),
  );
}

function nearest(map: PlainMap, like: PlainMap): PlainMap {
  const [height, width] = [like[0]?.length ?? 0, like[0]?.[0]?.length ?? 0];
  return map.map((rows) =>
    range(height).map((y) => {
      const row = rows[Math.floor((y * rows.length) / height)] as number[][];
      return range(width).map((x) => row[Math.floor((x * row.length) / width)] as number[]);
    }),
  );
}

function mapped(map: PlainMap, { parameters = {} }: LossInputs, name: string): PlainMap {
  const [kernel, bias] = [parameters[`${name}Kernel`] as Values, parameters[`${name}Bias`] as Values];
  const to = kernel.shape[1] as number;
  const change = (values: readonly number[]) =>
    bias.values.map((start, g) => values.reduce((sum, v, f) => sum + v * (kernel.values[f * to + g] as number), start));
  return map.map((rows) => rows.map((row) => row.map(change)));
}

function plainMap({ shape, values }: Values): PlainMap {
  const [batch, height, width] = shape.length === 2 ? [shape[0] as number, 1, 1] : (shape as [number, number, number]);
  const channels = shape.at(-1) as number;
  return range(batch).map((b) =>
    range(height).map((y) =>
      range(width).map((x) =>
        range(channels).map((c) => values[((b * height + y) * width + x) * channels + c] as number),
      ),
    ),
  );
}
