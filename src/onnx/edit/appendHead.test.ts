import { describe, expect, test } from 'vitest';
import { readModelFile, runModel } from '../cases/ortCases.ts';
import { floats, modelOf, node, tinyBranches, tinyClassifier, value } from '../cases/tinyCases.ts';
import { onnx, readModel, writeModel } from '../model.ts';
import { appendHead } from './appendHead.ts';
import type { HeadOptions } from './headForm.ts';

const wave = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + seed));

/** x [B, 2, 3, 2] doubled as "maps", then an answer of its own. */
function mapsModel(opset: number, irVersion = 8) {
  const weights = floats('two', [1], [2]);
  const graph = {
    input: [value('x', ['B', 2, 3, 2]), ...(irVersion < 4 ? [value('two', [1])] : [])],
    output: [value('logits', ['B', 12])],
    initializer: [weights],
    node: [node('Mul', ['x', 'two'], ['maps']), node('Flatten', ['maps'], ['row']), node('Neg', ['row'], ['logits'])],
  };
  const model = modelOf(graph, { irVersion: BigInt(irVersion), opsetImport: [{ domain: '', version: BigInt(opset) }] });
  return writeModel(model);
}

/** Features [B, F] of maps [B, 2, 3, 2], computed plainly. */
function pooledPlainly(x: Float32Array, pooling: 'mean' | 'max' | 'flatten', last = false): number[][] {
  return [0, 1, 2].map((b) => {
    const all = Array.from(x.subarray(b * 12, b * 12 + 12), (one) => 2 * one);
    if (pooling === 'flatten') return all;
    return [0, 1].map((c) => {
      const own = all.filter((_, i) => (last ? i % 2 : Math.floor(i / 6)) === c);
      return pooling === 'max' ? Math.max(...own) : own.reduce((sum, one) => sum + one, 0) / own.length;
    });
  });
}

function linear(rows: number[][], weights: ArrayLike<number>, bias: ArrayLike<number>): number[] {
  const classes = bias.length;
  return rows.flatMap((row) =>
    Array.from(bias, (b, c) => row.reduce((sum, one, f) => sum + one * (weights[f * classes + c] as number), b)),
  );
}

const x = wave(36, 1);
const feeds = { x: [x, [3, 2, 3, 2]] } as const;
const head = { weights: wave(6, 2), bias: [0.1, -0.2, 0.3] };
function expectNear(given: { readonly data: unknown } | undefined, expected: readonly number[], digits = 5): void {
  const values = Array.from((given?.data ?? []) as Float32Array);
  expect(values).toHaveLength(expected.length);
  for (const [i, one] of expected.entries()) expect(values[i]).toBeCloseTo(one, digits);
}

const codeOf = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a head on maps equals the plain computation', () => {
  test.each([7, 9, 11, 12, 13, 15, 17, 18, 19, 20, 21])('in operator set %i, pooled in every way', async (opset) => {
    for (const pooling of ['mean', 'max', 'flatten'] as const) {
      const weights = wave(pooling === 'flatten' ? 36 : 6, 2);
      const file = appendHead(mapsModel(opset), {
        tap: 'maps',
        pooling,
        weights,
        bias: head.bias,
        probabilities: true,
      });
      const { logits, probs } = await runModel(file, feeds);
      const expected = linear(pooledPlainly(x, pooling), weights, head.bias);
      expect(logits?.dims).toEqual([3, 3]);
      expectNear(logits, expected);
      const powers = [0, 1, 2].map((b) => expected.slice(3 * b, 3 * b + 3).map(Math.exp));
      expectNear(
        probs,
        powers.flatMap((row) => row.map((one) => one / row.reduce((a, b) => a + b, 0))),
      );
    }
  });

  test('with channels at the end, and the standardisation as part of the weights', async () => {
    const [mean, scale] = [
      [0.3, -0.4],
      [2, 0.5],
    ];
    const file = appendHead(mapsModel(17), { tap: 'maps', channels: 'last', ...head, mean, scale });
    const rows = pooledPlainly(x, 'mean', true).map((row) =>
      row.map((one, f) => (one - (mean?.[f] as number)) * (scale?.[f] as number)),
    );
    const { logits } = await runModel(file, feeds);
    expectNear(logits, linear(rows, head.weights, head.bias), 5);
  });
});

describe('the file', () => {
  test('adds to logits of the model, in all of its sets and types, also where both are called the same', async () => {
    const own = { weights: wave(24, 2), bias: wave(12, 4) };
    const added = linear(pooledPlainly(x, 'mean'), own.weights, own.bias);
    const expected = Array.from(x, (one, i) => -2 * one + (added[i] as number));
    for (const opset of [7, 17, 21]) {
      const file = appendHead(mapsModel(opset), { tap: 'maps', ...own, onto: 'logits' });
      expectNear((await runModel(file, feeds))['logits'], expected);
      expect(readModel(file).graph.output.map(({ name }) => name)).toEqual(['logits']);
    }
    const half = modelOf({
      node: [
        node('Cast', ['x'], ['half'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 10n })] }),
        node('Cast', ['half'], ['y'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 1n })] }),
      ],
    });
    const file = appendHead(writeModel(half), { tap: 'y', weights: [1, 0, 0, 1], bias: [1, 2], onto: 'half' });
    expectNear((await runModel(file, { x: [Float32Array.of(0.5, 0.25), [1, 2]] }))['logits'], [2, 2.5]);
    // A second head on the first: the names of its nodes are others.
    const twice = appendHead(appendHead(mapsModel(17), { tap: 'maps', ...own, output: 'first', onto: 'logits' }), {
      ...{ tap: 'maps', ...own, onto: 'first' },
    });
    expectNear(
      (await runModel(twice, feeds))['logits'],
      expected.map((one, i) => one + (added[i] as number)),
    );
    const nothing = { tap: 'maps', ...own, onto: 'nowhere' };
    expect(codeOf(() => appendHead(mapsModel(17), nothing))).toBe('unknown-tensor');
  });

  test('holds only what the head needs, unless the outputs are kept', async () => {
    const cut = readModel(appendHead(mapsModel(17), { tap: 'maps', ...head })).graph;
    expect(cut.node.map(({ opType }) => opType)).toEqual(['Mul', 'ReduceMean', 'Gemm']);
    expect(cut.output.map(({ name }) => name)).toEqual(['logits']);
    const kept = appendHead(mapsModel(17), { tap: 'maps', ...head, keepOutputs: true, output: 'own' });
    const outputs = await runModel(kept, feeds);
    expect(Object.keys(outputs)).toEqual(['logits', 'own']);
    expectNear(
      outputs['logits'],
      Array.from(x, (one) => -2 * one),
    );
  });

  test('keeps a free batch by its name, and gives a value that is called as the output another name', async () => {
    const file = appendHead(mapsModel(17), { tap: 'logits', weights: wave(36, 3), bias: head.bias });
    const { output } = readModel(file).graph;
    expect(output[0]?.type?.tensorType?.shape?.dim.map(({ dimParam, dimValue }) => dimParam || dimValue)).toEqual([
      'B',
      3n,
    ]);
    const { logits } = await runModel(file, feeds);
    const rows = pooledPlainly(x, 'flatten').map((row) => row.map((one) => -one));
    expectNear(logits, linear(rows, wave(36, 3), head.bias), 5);
  });

  test('of an old version of the format is brought to one that knows constants', async () => {
    const file = appendHead(mapsModel(8, 3), { tap: 'maps', ...head });
    const model = readModel(file);
    expect(model.irVersion).toBe(4n);
    expect(model.graph.input.map(({ name }) => name)).toEqual(['x']);
    expect((await runModel(file, feeds))['logits']?.dims).toEqual([3, 3]);
  });

  test('carries metadata in place of that of the same key', () => {
    const metadata = [
      { key: 'labels', value: 'old' },
      { key: 'author', value: 'me' },
    ];
    const model = modelOf({ ...tinyClassifier().graph }, { metadataProps: metadata });
    const options: HeadOptions = { tap: 'r', weights: wave(10, 1), bias: [0, 0], metadata: { labels: '["a","b"]' } };
    const { metadataProps } = readModel(appendHead(writeModel(model), options));
    expect(Object.fromEntries(metadataProps.map(({ key, value: text }) => [key, text]))).toEqual({
      author: 'me',
      labels: '["a","b"]',
    });
  });

  test('takes halves, and a name that nodes inside of a branch have is not given twice', async () => {
    const model = modelOf({
      node: [
        node('Cast', ['x'], ['half'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 10n })] }),
        node('Cast', ['half'], ['y'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 1n })] }),
      ],
    });
    const file = appendHead(writeModel(model), { tap: 'half', weights: [1, 2], bias: [0.5] });
    const { logits } = await runModel(file, { x: [Float32Array.of(0.5, 0.25), [1, 2]] });
    expectNear(logits, [1.5]);
    const branches = tinyBranches();
    const inBranch = appendHead(writeModel(branches), { tap: 'chosen', weights: [1, 2], bias: [0], output: 'inner' });
    expect((await runModel(inBranch, { x: [Float32Array.of(-1, -2), [1, 2]] }))['inner']?.dims).toEqual([1, 1]);
  });

  test('of a real model of operator set 9 runs in onnxruntime as its two parts do', async () => {
    const weights = wave(480 * 4, 5);
    const bytes = readModelFile('reader');
    const image = [wave(2 * 3 * 48 * 48, 3), [2, 3, 48, 48]] as const;
    const tap = 'p2o.AveragePool.1';
    const unit = Float32Array.from({ length: 480 * 480 }, (_, i) => (i % 481 === 0 ? 1 : 0));
    const pooled = await runModel(appendHead(bytes, { tap, weights: unit, bias: new Float32Array(480) }), { x: image });
    const { logits } = await runModel(appendHead(bytes, { tap, weights, bias: [1, 2, 3, 4] }), { x: image });
    const features = pooled['logits']?.data as Float32Array;
    const rows = [0, 1].map((b) => [...features.subarray(b * 480, (b + 1) * 480)]);
    expectNear(logits, linear(rows, weights, [1, 2, 3, 4]), 3);
  });
});

describe('what is wrong is told by code', () => {
  const bytes = mapsModel(17);
  const unknownRank = writeModel(
    modelOf(
      { node: [node('Mystery', ['x'], ['y'], { domain: 'com.example' })] },
      {
        opsetImport: [
          { domain: '', version: 17n },
          { domain: 'com.example', version: 1n },
        ],
      },
    ),
  );
  test.each<[string, Uint8Array, Partial<HeadOptions>, string]>([
    ['a tap that there is not', bytes, { tap: 'mips' }, 'unknown-tensor'],
    ['a weight as tap', bytes, { tap: 'two' }, 'invalid-option'],
    ['a tap of several values', bytes, { tap: '*o*' }, 'invalid-option'],
    ['another number of features', bytes, { weights: wave(9, 1) }, 'shape-mismatch'],
    ['another number of means', bytes, { mean: [1] }, 'shape-mismatch'],
    ['no pooling of maps', bytes, { pooling: 'none' }, 'shape-mismatch'],
    ['an unknown pooling', bytes, { pooling: 'median' as never }, 'invalid-option'],
    ['an option that nothing reads', bytes, { weigths: [] } as never, 'invalid-option'],
    ['weights that are not finite', bytes, { weights: [1, 2, 3, 4, 5, Number.NaN] }, 'not-finite'],
    ['the name of a kept output', bytes, { keepOutputs: true }, 'invalid-option'],
    ['an operator set before 7', mapsModel(6), {}, 'unsupported-operator'],
    ['a value of unknown shape', unknownRank, { tap: { inputOf: 'Mystery' }, pooling: 'max' }, 'shape-mismatch'],
    ['bytes that are no model', Uint8Array.of(1, 2, 3), {}, 'invalid-onnx'],
  ])('%s', (_, file, changed, code) => {
    expect(codeOf(() => appendHead(file, { tap: 'maps', ...head, ...changed }))).toBe(code);
  });
});
