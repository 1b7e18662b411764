import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import { argMax } from '../../../core/stats.ts';
import { fromArrays } from '../../../data/arrays.ts';
import { readModel } from '../../../onnx/model.ts';
import { personalizeOnnx } from '../personalizeOnnx.ts';
import type { PersonalizeOnnxEvent } from '../personalizeOnnxReport.ts';
import { accuracyIn, bytesOf, logitsIn, loraCases, quick, type Task, taskOf } from './loraCases.ts';

const { run, working } = loraCases();
const unseen = taskOf([2, 11, 7], 5, 50, 2);

const storedIn = (file: Uint8Array) =>
  new Map(readModel(file).graph.initializer.map(({ name, rawData }) => [name, Array.from(rawData)]));
const changedIn = (before: Uint8Array, after: Uint8Array) => {
  const old = storedIn(before);
  return [...storedIn(after)].flatMap(([name, data]) => (data.join() === old.get(name)?.join() ? [] : [name]));
};

describe('a changed model', () => {
  test('learns a task that it could not do, in onnxruntime itself, as the report says', async () => {
    const before = bytesOf('cnn');
    const given = before.slice();
    const labels = ['a', 'b', 'c', 'd', 'e'];
    const events: PersonalizeOnnxEvent[] = [];
    const learning = personalizeOnnx(given, working({ holdout: unseen.data, labels }));
    for await (const event of learning) events.push(event);
    const { onnx, report } = await learning.done;
    expect(given).toEqual(before);
    const [first, last] = [await accuracyIn(before, unseen), await accuracyIn(onnx, unseen)];
    expect(first).toBeLessThan(0.5);
    expect(last).toBeGreaterThanOrEqual(0.9);
    expect(report).toMatchObject({
      ...{ method: { name: 'lora' }, classes: 5, examples: { learned: 40 }, bytes: onnx.byteLength, device: 'wasm' },
      ...{ verdict: { isAccepted: true }, strength: 1, keepsClasses: true, judgedBy: 'held-out' },
      own: { before: first, after: last, examples: 50 },
      weights: [
        { weight: 'conv1.weight', node: '/conv1/Conv', shape: [6, 2, 3, 3] },
        { weight: 'conv2.weight', node: '/conv2/Conv', shape: [8, 6, 3, 3], rank: 4 },
        { weight: 'fc.weight', node: '/fc/Gemm', shape: [5, 48], rank: 4 },
      ],
    });
    expect(report.features).toBeUndefined();
    expect(report.differenceFraction).toBeLessThanOrEqual(1e-4);
    expect(changedIn(before, onnx).sort()).toEqual(['conv1.weight', 'conv2.weight', 'fc.weight']);
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []));
    expect(phases).toEqual(['check', 'features', 'learn', 'measure', 'write', 'done']);
    const { metadataProps } = readModel(onnx);
    expect(metadataProps.map(({ key, value: text }) => [key, text])).toEqual([
      ['limbeck.labels', JSON.stringify(labels)],
    ]);
  });

  test('changes the weights that are named, by their names or those of nodes, and no other', async () => {
    const { onnx, report } = await run({
      method: quick({ targets: ['fc.weight', '/conv2/Conv'], rank: 2, epochs: 10 }),
      guard: { holdoutFraction: 0 },
    }).done;
    expect(changedIn(bytesOf('cnn'), onnx).sort()).toEqual(['conv2.weight', 'fc.weight']);
    expect(report.weights?.map(({ weight, rank }) => [weight, rank])).toEqual([
      ['fc.weight', 2],
      ['conv2.weight', 2],
    ]);
    const [before, after] = [bytesOf('cnn'), onnx].map((file) => {
      const { rawData } = readModel(file).graph.initializer.find(({ name }) => name === 'fc.weight') as {
        rawData: Uint8Array;
      };
      return new Float32Array(rawData.slice().buffer);
    }) as [Float32Array, Float32Array];
    // Of rank 2: each minor of three rows and columns is nearly 0.
    const delta = (r: number, c: number) => (after[r * 48 + c] as number) - (before[r * 48 + c] as number);
    const [a, b, c] = [7, 20, 41];
    const minor = [0, 1, 2].reduce((sum, i) => {
      const [p, q] = [(i + 1) % 3, (i + 2) % 3];
      return (
        sum +
        delta(0, [a, b, c][i] as number) *
          (delta(1, [a, b, c][p] as number) * delta(2, [a, b, c][q] as number) -
            delta(1, [a, b, c][q] as number) * delta(2, [a, b, c][p] as number))
      );
    }, 0);
    const size = Math.max(...[0, 1, 2].flatMap((r) => [a, b, c].map((at) => Math.abs(delta(r, at)))));
    expect(size).toBeGreaterThan(1e-3);
    expect(Math.abs(minor)).toBeLessThan(1e-3 * size ** 3);
  });

  test('keeps its last LogSoftmax, and learns before it', async () => {
    const task = taskOf([7], 4, 40, 3);
    const { onnx, report } = await run({ data: task.data, output: 'y' }, 'mlp').done;
    expect(await accuracyIn(onnx, task)).toBeGreaterThanOrEqual(0.9);
    expect(report.differenceFraction).toBeLessThanOrEqual(1e-4);
    const logits = await logitsIn(onnx, task);
    expect([...logits.subarray(0, 4)].reduce((sum, one) => sum + Math.exp(one), 0)).toBeCloseTo(1, 5);
    expect(readModel(onnx).graph.node.at(-1)?.opType).toBe('LogSoftmax');
  });

  test('is fed as the session is: images of bytes, sized and normalised as "input" says', async () => {
    const random = seededRandom(5);
    const labels = Int32Array.from({ length: 36 }, (_, i) => i % 3);
    const pixels = Uint8Array.from({ length: 36 * 12 * 12 * 3 }, (_, at) => {
      const [i, c] = [Math.floor(at / 432), at % 3];
      return (c === labels[i] ? 150 : 60) + 80 * random();
    });
    const data = fromArrays({ data: pixels, shape: [36, 12, 12, 3] }, labels);
    const input = { size: [10, 10], mean: [0.4, 0.5, 0.6], stdDev: [0.2, 0.3, 0.25] } as const;
    const { onnx, report } = await run({ data, input, guard: {}, augment: { flip: 'horizontal' } }, 'depthwise').done;
    expect(report.differenceFraction).toBeLessThanOrEqual(1e-4);
    expect(report.own?.examples).toBe(6);
    expect(report.own?.after).toBeGreaterThanOrEqual(0.8);
    expect(report.weights?.map(({ weight }) => weight)).not.toContain('depthwise.0.weight');
    const { metadataProps } = readModel(onnx);
    expect(metadataProps.find(({ key }) => key === 'limbeck.input')?.value).toBe(JSON.stringify(input));
  });

  test('may read tokens', async () => {
    const random = seededRandom(6);
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 4);
    const tokens = Int32Array.from({ length: 360 }, (_, at) => {
      const label = labels[Math.floor(at / 9)] as number;
      return random() < 0.6 ? 3 * label : Math.floor(13 * random());
    });
    const data = fromArrays({ data: tokens, shape: [40, 9] }, labels);
    // Measured on what it learned from: there is nothing that it could know of others.
    const { report } = await run({ data, holdout: data, method: quick({ rank: 2 }) }, 'encoder').done;
    expect(report.own?.before).toBeLessThan(0.5);
    expect(report.own?.after).toBeGreaterThan(0.75);
    expect(report.weights).toHaveLength(7);
  });

  test('is the same for the same seed', async () => {
    const few = { method: quick({ epochs: 3 }), guard: { holdoutFraction: 0 }, seed: 3 };
    const [first, second] = [await run(few).done, await run(few).done];
    expect(first.onnx).toEqual(second.onnx);
    expect((await run({ ...few, seed: 4 }).done).onnx).not.toEqual(first.onnx);
  });
});

describe('a guard', () => {
  // Labelled by what the model says itself, which is right before.
  async function ownTask(task: Task) {
    const logits = await logitsIn(bytesOf('cnn'), task);
    const count = task.labels.length;
    return fromArrays(
      { data: task.values, shape: task.shape },
      Int32Array.from({ length: count }, (_, i) => argMax(logits, 5 * i, 5)),
    );
  }

  test('gives the model as it came where the held-out examples became worse', async () => {
    const holdout = await ownTask(unseen);
    const { onnx, report } = await run({ holdout, guard: {} }).done;
    expect(onnx).toEqual(bytesOf('cnn'));
    expect(report).toMatchObject({ verdict: { isAccepted: false }, own: { before: 1, examples: 50 }, weights: [] });
    const allowed = await run({ holdout, guard: { tolerance: 1 }, method: quick({ epochs: 3 }) }).done;
    expect(allowed.report.verdict.isAccepted).toBe(true);
    expect(allowed.report.own).toMatchObject({ before: 1, examples: 50 });
  });

  test('takes less of what was learned, or nothing, where the base’s own examples would be forgotten', async () => {
    const base = await ownTask(taskOf([2, 11, 7], 5, 60, 9));
    const free = await run({ base, guard: { baseTolerance: 1, holdoutFraction: 0 } }).done;
    expect(free.report.base?.after).toBeLessThan(0.9);
    const kept = await run({ base, guard: { holdoutFraction: 0 } }).done;
    const lost = (kept.report.base?.before as number) - (kept.report.base?.after as number);
    expect(kept.report.verdict.isAccepted ? lost <= 0.01 + 1e-9 : kept.onnx.join() === bytesOf('cnn').join()).toBe(
      true,
    );
    const graceful = await run({ base, guard: { baseTolerance: 0.4 } }).done;
    expect(graceful.report.verdict.why).toContain('base');
  });
});
