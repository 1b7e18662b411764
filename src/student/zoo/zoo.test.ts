import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent } from '../build.ts';
import { artifactsOf } from '../layersModel.ts';
import { parameterCount, type Student, type StudentDesign } from '../student.ts';
import * as zoo from './all.ts';
import { type CnnOptions, cnn } from './cnn.ts';
import { crnn } from './crnn.ts';
import { decoder } from './decoder.ts';
import { dsCnn } from './dsCnn.ts';
import { type MlpOptions, mlp } from './mlp.ts';
import { mobilenetV1 } from './mobilenetV1.ts';
import { recurrentDecoder } from './recurrentDecoder.ts';
import { resnet8 } from './resnet8.ts';
import { transformerTiny } from './transformerTiny.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

interface Case {
  readonly make: (classes?: number) => Student;
  /** Trainable ones. */
  readonly parameters: number;
  /** Moving averages of batch normalization. */
  readonly statistics?: number;
  readonly input: number[];
  /** Steps of the output, where it has some. */
  readonly steps?: number;
}

const students: Record<string, Case> = {
  cnn: { make: (classes) => cnn({ classes }), parameters: 56_714, input: [28, 28, 1] },
  mlp: { make: (classes) => mlp({ classes }), parameters: 235_146, input: [784] },
  crnn: {
    make: (classes = 10) => crnn({ classes }),
    parameters: 190_362,
    statistics: 416,
    input: [48, 320, 1],
    steps: 40,
  },
  'ds-cnn': {
    make: (classes = 10) => dsCnn({ classes }),
    parameters: 23_050,
    statistics: 9 * 64 * 2,
    input: [49, 10, 1],
  },
  resnet8: { make: (classes) => resnet8({ classes }), parameters: 77_850, statistics: 480, input: [32, 32, 3] },
  'mobilenet-v1': {
    make: (classes = 10) => mobilenetV1({ classes }),
    parameters: 215_642,
    statistics: 5_472,
    input: [96, 96, 3],
  },
  decoder: {
    make: (classes = 10) => decoder({ vocabulary: classes }),
    parameters: 812_298,
    input: [128],
    steps: 128,
  },
  'recurrent-decoder': {
    make: (classes = 10) => recurrentDecoder({ vocabulary: classes }),
    parameters: 409_866,
    input: [128],
    steps: 128,
  },
  'transformer-tiny': { make: (classes) => transformerTiny({ classes }), parameters: 438_794, input: [64] },
};

async function weightsOf(student: Student, seed: number): Promise<Float32Array> {
  const model = await buildStudent(await student.portable(), seed);
  const { weightData } = await artifactsOf(model);
  model.dispose();
  return new Float32Array(weightData);
}

/** Students with other inputs or outputs have a test file of their own. */
const OWN_TESTS = {
  autoencoder: 'autoencoder.test.ts',
  keypoints: 'keypoints.test.ts',
  'two-tower': 'twoTower.test.ts',
};

test('every design of the zoo is tested here, or in a file of its own', () => {
  const designs = (Object.values(zoo) as StudentDesign[]).map(({ design }) => design);
  expect(designs.sort()).toEqual([...Object.keys(students), ...Object.keys(OWN_TESTS)].sort());
  for (const file of Object.values(OWN_TESTS)) expect(existsSync(new URL(file, import.meta.url)), file).toBe(true);
});

describe.each(Object.entries(students))('%s', (name, { make, parameters, statistics = 0, input, steps }) => {
  const logits = (classes: number) => (steps === undefined ? [classes] : [steps, classes]);

  test('has the parameters, the input and the output that it documents', async () => {
    const model = await buildStudent(await make().portable(), 0);
    expect(describeStudent(model)).toEqual({
      inputs: { input },
      outputs: { logits: logits(10) },
      parameters: parameters + statistics,
      trainableParameters: parameters,
    });
    expect(parameterCount(await artifactsOf(model))).toBe(parameters + statistics);
    model.dispose();
    expect(make().name).toBe(name);
  });

  test('has the same weights for the same seed, bit by bit, and others for another', async () => {
    const [first, again, other] = [await weightsOf(make(), 7), await weightsOf(make(), 7), await weightsOf(make(), 8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(first.every(Number.isFinite)).toBe(true);
  });

  test('starts no two layers alike', async () => {
    const model = await buildStudent(await make().portable(), 7);
    const starts = model.getWeights().filter(({ rank }) => rank > 1);
    const firsts = starts.map((kernel) =>
      Array.from(kernel.dataSync().slice(0, 4)).map((value) => value * scaleOf(kernel)),
    );
    expect(new Set(firsts.map((values) => values.map((value) => value.toFixed(4)).join())).size).toBe(starts.length);
    model.dispose();
  });

  test('has as many outputs as classes', async () => {
    for (const classes of [1, 3, 100]) {
      const model = await buildStudent(await make(classes).portable(), 0);
      expect(describeStudent(model).outputs).toEqual({ logits: logits(classes) });
      model.dispose();
    }
  });

  test('refuses options that make no sense', () => {
    for (const classes of [0, -1, 2.5, Number.NaN, '10' as unknown as number]) {
      expect(() => make(classes)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  });
});

test.each(['ds-cnn', 'resnet8', 'mobilenet-v1'])('%s starts so that a short run is enough', async (name) => {
  const model = await buildStudent(await (students[name] as Case).make().portable(), 7);
  const norms = model.layers.filter((layer) => layer.getClassName() === 'BatchNormalization');
  expect(norms.length).toBeGreaterThan(6);
  for (const layer of norms) expect((layer as unknown as { momentum: number }).momentum).toBe(0.9);
  const kernels = model.layers.filter((layer) => layer.getClassName().endsWith('Conv2D'));
  for (const layer of kernels) {
    const [kernel] = layer.getWeights() as [tf.Tensor];
    const [height = 1, width = 1, channels = 1] = kernel.shape;
    // What one output reads: a single channel of a depthwise convolution.
    const fan = height * width * (layer.getClassName() === 'DepthwiseConv2D' ? 1 : channels);
    const square = tf.tidy(() => tf.mean(tf.square(kernel)).dataSync()[0] as number);
    // A normal distribution that is cut at two deviations has 0.88 of its own; the smallest kernels have 72 values.
    const ratio = Math.sqrt(square) / (0.88 * Math.sqrt(2 / fan));
    expect(ratio > 0.7 && ratio < 1.35, `${layer.name}: ${ratio}`).toBe(true);
  }
  model.dispose();
});

/** Uniform values of any kernel, brought to [-1, 1]: Glorot's limit is √(6 / (in + out)). */
function scaleOf({ shape }: tf.Tensor): number {
  const [outputs = 1, inputs = 1, ...window] = [...shape].reverse();
  const area = window.reduce((product, length) => product * length, 1);
  return 1 / Math.sqrt(6 / (area * (inputs + outputs)));
}

test('crnn has a step for so many pixels, and reads along the line both ways, whatever its head', async () => {
  for (const head of ['lstm', 'gru', 'conv'] as const) {
    for (const [stepWidth, steps] of [
      [8, 5],
      [4, 9],
    ] as const) {
      const options = { inputShape: [16, 33, 1], classes: 3, filters: 4, units: 5, head, stepWidth };
      const model = await buildStudent(await crnn(options).portable(), 1);
      expect(describeStudent(model).outputs).toEqual({ logits: [steps, 3] });
      const line = (at: number) =>
        tf.tensor(
          Float32Array.from({ length: 528 }, (_, i) => (i % 33 === at ? 1 : 0)),
          [1, 16, 33, 1],
        );
      tf.tidy(() => {
        const answer = (x: tf.Tensor) => Array.from((model.predict(x) as tf.Tensor).dataSync());
        const [none, first, last] = [tf.zeros([1, 16, 33, 1]), line(0), line(32)].map(answer) as [
          number[],
          number[],
          number[],
        ];
        // The middle step sees either end.
        const middle = 3 * Math.floor(steps / 2);
        for (const seen of [first, last])
          expect(seen.slice(middle, middle + 3)).not.toEqual(none.slice(middle, middle + 3));
      });
      model.dispose();
    }
  }
  for (const options of [{ inputShape: [15, 32, 1] }, { stepWidth: 6 }, { head: 'rnn' }, { units: 0 }]) {
    expect(() => crnn(options as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
});

test('cnn takes images of any size from 10 × 10, and no other shape', async () => {
  const model = await buildStudent(await cnn({ inputShape: [10, 13, 3], classes: 2 }).portable(), 0);
  expect(describeStudent(model).inputs).toEqual({ input: [10, 13, 3] });
  model.dispose();
  for (const inputShape of [[9, 28, 1], [28, 9, 1], [28, 28], [784], [], [28, 28, 1, 1], [28, 28, 0], [28.5, 28, 1]]) {
    expect(() => cnn({ inputShape })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
  expect(() => cnn({ filters: 3 } as CnnOptions)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

describe.each([
  ['cnn', cnn, 10],
  ['dsCnn', dsCnn, 4],
  ['resnet8', resnet8, 4],
  ['mobilenetV1', mobilenetV1, 32],
] as const)('the smallest image of %s', (name, make, least) => {
  test(`is ${least} × ${least}: it answers, and one line less is refused before anything is built`, async () => {
    const model = await buildStudent(await make({ inputShape: [least, least, 1], classes: 3 }).portable(), 0);
    const answer = tf.tidy(() => (model.predict(tf.ones([2, least, least, 1])) as tf.Tensor).dataSync());
    model.dispose();
    expect(answer).toHaveLength(6);
    expect(answer.every(Number.isFinite)).toBe(true);
    for (const inputShape of [
      [least - 1, least, 1],
      [least, least - 1, 1],
    ]) {
      const refused = { code: 'invalid-option', message: expect.stringContaining(`${name} needs images`) };
      expect(() => make({ inputShape })).toThrow(expect.objectContaining(refused));
      expect(() => make({ inputShape })).toThrow(`at least ${least} × ${least}; given [${inputShape.join(', ')}].`);
    }
  });
});

test('who has images too small for a cnn is told what takes them', () => {
  expect(() => cnn({ inputShape: [8, 8, 1] })).toThrow('resnet8 and dsCnn take them from 4 × 4, and mlp takes any');
  expect(() => cnn({ inputShape: [3, 8, 1] })).toThrow(/given \[3, 8, 1\]\.$/);
});

test('mlp flattens what is no vector, and takes any hidden layers', async () => {
  const model = await buildStudent(await mlp({ inputShape: [4, 4, 2], hidden: [5], classes: 3 }).portable(), 0);
  expect(describeStudent(model)).toMatchObject({ inputs: { input: [4, 4, 2] }, parameters: 32 * 5 + 5 + 5 * 3 + 3 });
  model.dispose();
  const linear = await buildStudent(await mlp({ inputShape: [6], hidden: [], classes: 3 }).portable(), 0);
  expect(describeStudent(linear).parameters).toBe(6 * 3 + 3);
  linear.dispose();
  for (const options of [{ hidden: [0] }, { hidden: [2.5] }, { inputShape: [0] }, { inputShape: [] }, { depth: 2 }]) {
    expect(() => mlp(options as MlpOptions)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
});
