import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { floats, modelOf as modelOfGraph, node, value } from '../onnx/cases/tinyCases.ts';
import { onnx, readModel, writeModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent, describeStudent } from './build.ts';
import { onBackend } from './cases/layerCases.ts';
import { fromOnnx } from './fromOnnx.ts';
import type { FromOnnxOptions } from './fromOnnxOptions.ts';

interface Case {
  readonly x: { readonly shape: number[]; readonly data: number[] };
  readonly y: { readonly shape: number[]; readonly data: number[] };
}

/** Models of PyTorch with what it computes, made by scripts/golden/fromOnnx.py. */
const folder = new URL('golden/fromOnnx/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('../fromOnnx.json', folder), 'utf8')) as Record<string, Case>;
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));

async function modelOf(name: string, options: FromOnnxOptions = {}): Promise<tf.LayersModel> {
  const student = await fromOnnx(bytesOf(name), options);
  return buildStudent(await student.portable(), 0);
}

/** What a model gives for the golden input, in PyTorch's order of axes. */
function answer(model: tf.LayersModel, { x }: Case): tf.Tensor {
  const isImage = x.shape.length === 4 || model.inputs[0]?.shape[2] === x.shape[1];
  const input = tf.tensor(x.data, x.shape);
  const order = x.shape.length === 4 ? [0, 2, 3, 1] : [0, 2, 1];
  const given = isImage && x.shape.length > 2 ? tf.transpose(input, order) : input;
  const result = model.predict(given) as tf.Tensor;
  return result.rank === 4 ? tf.transpose(result, [0, 3, 1, 2]) : result;
}

describe.each(['cpu', 'wasm'] as const)('fromOnnx on %s', (backendName) => {
  onBackend(backendName);

  test.each(Object.keys(golden))('gives what PyTorch gives: %s', async (name) => {
    const one = golden[name] as Case;
    const model = await modelOf(name);
    tf.tidy(() => {
      const result = answer(model, one);
      expect(result.shape).toEqual(one.y.shape);
      const values = [...result.dataSync()];
      const worst = Math.max(...values.map((value, i) => Math.abs(value - (one.y.data[i] as number))));
      // Written so that a NaN fails.
      expect(worst <= 1e-5, `${worst} away`).toBe(true);
    });
    model.dispose();
  });
});

test('limits of Clip are attributes before version 11', async () => {
  const limit = (name: string, f: number) => onnx.attribute({ name, type: 1, f });
  const clip = node('Clip', ['x'], ['y'], { attribute: [limit('min', -1), limit('max', 2)] });
  const model = modelOfGraph({ node: [clip] }, { opsetImport: [{ domain: '', version: 10n }] });
  const student = await fromOnnx(writeModel(model));
  const built = await buildStudent(await student.portable(), 0);
  const clipped = tf.tidy(() => [
    ...(
      built.predict(
        tf.tensor2d([
          [-3, 1],
          [2, 5],
        ]),
      ) as tf.Tensor
    ).dataSync(),
  ]);
  expect(clipped).toEqual([-1, 1, 2, 2]);
  built.dispose();
});

describe('options of fromOnnx', () => {
  onBackend('cpu');

  test.each([
    ['Mish', 'MaxPool'],
    ['Softsign', 'GlobalAveragePool'],
    ['Selu', 'GroupNormalization'],
  ])('an image that goes through %s to %s has its channels last', async (first, second) => {
    const isNorm = second === 'GroupNormalization';
    const sides = onnx.attribute({ name: 'kernel_shape', type: 7, ints: [2n, 2n] });
    const groups = onnx.attribute({ name: 'num_groups', type: 2, i: 2n });
    const attribute = isNorm ? [groups] : second === 'MaxPool' ? [sides] : [];
    const model = modelOfGraph(
      {
        input: [value('x', ['B', 4, 6, 5])],
        output: [onnx.value({ name: 'y' })],
        initializer: isNorm ? [floats('scale', [4], [1, 2, 3, 4]), floats('bias', [4], [0, 1, 0, 1])] : [],
        node: [node(first, ['x'], ['h']), node(second, isNorm ? ['h', 'scale', 'bias'] : ['h'], ['y'], { attribute })],
      },
      { irVersion: 10n, opsetImport: [{ domain: '', version: 21n }] },
    );
    const student = await fromOnnx(writeModel(model));
    const built = await buildStudent(await student.portable(), 0);
    expect(built.inputs[0]?.shape).toEqual([null, 6, 5, 4]);
    built.dispose();
  });

  test('as-is takes and gives the model’s own order of axes', async () => {
    const one = golden['unet'] as Case;
    const model = await modelOf('unet', { inputLayout: 'as-is' });
    tf.tidy(() => {
      const result = model.predict(tf.tensor(one.x.data, one.x.shape)) as tf.Tensor;
      expect(result.shape).toEqual(one.y.shape);
      const values = [...result.dataSync()];
      expect(Math.max(...values.map((value, i) => Math.abs(value - (one.y.data[i] as number)))) <= 1e-5).toBe(true);
    });
    model.dispose();
  });

  test('names layers after weights, keeps batch normalisation apart, and calls a single output "logits"', async () => {
    const student = await fromOnnx(bytesOf('cnn'), { name: 'small' });
    expect(student.name).toBe('small');
    const model = await buildStudent(await student.portable(), 0);
    expect(describeStudent(model)).toMatchObject({ inputs: { x: [11, 7, 2] }, outputs: { logits: [5] } });
    expect(model.weights.map(({ originalName }) => originalName).sort()).toEqual(
      [
        ...['bn1/beta', 'bn1/gamma', 'bn1/moving_mean', 'bn1/moving_variance', 'conv1/kernel'],
        ...['conv2/bias', 'conv2/kernel', 'fc/bias', 'fc/kernel'],
      ].sort(),
    );
    expect(model.getLayer('bn1').getConfig()).toMatchObject({ momentum: 0.9 });
    model.dispose();
  });

  test('outputs cuts the head off, and gives several under their names', async () => {
    const { graph } = readModel(bytesOf('cnn'));
    const [pooled, flat] = ['MaxPool', 'Flatten'].map(
      (type) => graph.node.find(({ opType }) => opType === type)?.output[0] ?? '',
    );
    const headless = await modelOf('cnn', { outputs: [flat as string] });
    expect(describeStudent(headless).outputs).toEqual({ logits: [48] });
    expect(headless.weights.some(({ originalName }) => originalName.startsWith('fc'))).toBe(false);
    const both = await modelOf('cnn', { outputs: [pooled as string, flat as string] });
    expect(Object.values(describeStudent(both).outputs)).toEqual([[6, 4, 6], [48]]);
    headless.dispose();
    both.dispose();
  });

  test('trainable leaves the others as they are', async () => {
    const counts = await Promise.all(
      (['all', 'none', ['fc'], ['/conv2/Conv', 'fc']] as const).map(async (trainable) => {
        const model = await modelOf('cnn', { trainable });
        const { trainableParameters } = describeStudent(model);
        model.dispose();
        return trainableParameters;
      }),
    );
    const head = 48 * 5 + 5;
    expect(counts).toEqual([108 + 12 + 440 + head, 0, head, 440 + head]);
  });

  test('inputShapes frees or fixes lengths', async () => {
    const model = await modelOf('unet', { inputShapes: { x: [null, 1, 12, 8] } });
    expect(describeStudent(model).inputs).toEqual({ x: [12, 8, 1] });
    model.dispose();
  });

  test.each<[string, FromOnnxOptions, string]>([
    ['an unknown option', { layout: 'nhwc' } as FromOnnxOptions, 'invalid-option'],
    ['another layout', { inputLayout: 'nchw' as 'as-is' }, 'invalid-option'],
    ['no outputs', { outputs: [] }, 'invalid-option'],
    ['an output that is not there', { outputs: ['logits'] }, 'unknown-output'],
    ['an input that is not there', { inputShapes: { images: [1, 2] } }, 'unknown-input'],
    ['a shape that does not fit', { inputShapes: { x: [null, 3, 11, 7] } }, 'invalid-option'],
    ['a layer that is not there', { trainable: ['head'] }, 'invalid-option'],
  ])('refuses %s', async (_, options, code) => {
    await expect(fromOnnx(bytesOf('cnn'), options)).rejects.toMatchObject({ code });
  });

  test('refuses what is no model', async () => {
    await expect(fromOnnx(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'invalid-onnx' });
    await expect(fromOnnx('model.onnx' as never)).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('names every node that has no layer, before it builds one', async () => {
    const graph = {
      input: [value('x', ['B', 4])],
      output: [value('y', ['B', 4])],
      node: [
        node('Det', ['x'], ['a'], { name: 'first' }),
        node('Relu', ['a'], ['b'], { name: 'fine' }),
        node('NonZero', ['b'], ['y'], { name: 'second' }),
      ],
    };
    const error = await fromOnnx(writeModel(modelOfGraph(graph))).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'unsupported-operator',
      message: expect.stringMatching(/"first" \(Det\).*"second" \(NonZero\)/),
    });
    expect((error as { details: { nodes: { name: string }[] } }).details.nodes.map(({ name }) => name)).toEqual([
      'first',
      'second',
    ]);
  });

  test('reads a Blob and an ArrayBuffer', async () => {
    const bytes = bytesOf('mlp');
    const [a, b] = await Promise.all([fromOnnx(new Blob([bytes])), fromOnnx(bytes.slice().buffer)]);
    expect(new Uint8Array(a?.artifacts?.weightData as ArrayBuffer)).toEqual(
      new Uint8Array(b?.artifacts?.weightData as ArrayBuffer),
    );
  });
});
