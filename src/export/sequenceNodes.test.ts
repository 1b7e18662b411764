import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { readModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { checkExport, countOf, expectSame, ortOutputs } from './exportCases.ts';
import { predicted, seededInputs, withSeededWeights } from './exportedCases.ts';
import { chainCase } from './sequenceLayerCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

describe('a student of the zoo', () => {
  test.each([13, 21])('transformerTiny equals tfjs at opset %i', async (opset) => {
    const options = { length: 7, vocabulary: 11, classes: 3, width: 8, heads: 2, hidden: 12, blocks: 2 };
    const model = await buildStudent(await transformerTiny(options).portable(), 5);
    withSeededWeights(tf, model);
    const read = await checkExport(model, [{ shape: [7], dtype: 'int32', below: 11 }], { opset });
    expect(countOf(read, 'Softmax')).toBe(2);
    expect(countOf(read, 'Gather')).toBe(1);
    model.dispose();
  });
});

describe('what is written', () => {
  type Row = readonly [name: string, make: Parameters<typeof chainCase>[3], counts: Readonly<Record<string, number>>];
  const rows: readonly Row[] = [
    ['one node for an LSTM', ({ lstm }) => lstm({ units: 2 }), { LSTM: 1, Slice: 0, MatMul: 0 }],
    ['one node for a GRU that goes backwards', ({ gru }) => gru({ units: 2, goBackwards: true }), { GRU: 1, Slice: 0 }],
    [
      'no reversal for both directions',
      ({ bidirectional, gru }) =>
        bidirectional({ layer: gru({ units: 2, returnSequences: true }) as never, mergeMode: 'concat' }),
      { GRU: 2, Slice: 0, Concat: 1, Transpose: 3 },
    ],
    [
      'no Reshape around a dense layer at each step',
      ({ timeDistributed, dense }) => timeDistributed({ layer: dense({ units: 2 }) }),
      { MatMul: 1, Reshape: 0 },
    ],
    [
      'nothing for dropout',
      ({ dropout, dense }) => [dense({ units: 2 }), dropout({ rate: 0.5 })],
      { MatMul: 1, Identity: 0, Dropout: 0 },
    ],
  ];
  test.each(rows)('%s', async (name, make, counts) => {
    const model = chainCase('written', name, [5, 3], make).build(tf);
    const { graph } = readModel(artifactsToOnnx(await artifactsOf(model)));
    model.dispose();
    for (const [operator, count] of Object.entries(counts)) {
      expect(graph.node.filter(({ opType }) => opType === operator).length, operator).toBe(count);
    }
  });

  test('a Reshape whose length is to be found gives tfjs’s numbers and a known length', async () => {
    const model = chainCase('written', 'reshape', [6, 2], (layers) => layers.reshape({ targetShape: [-1, 3] })).build(
      tf,
    );
    const bytes = artifactsToOnnx(await artifactsOf(model));
    const given = seededInputs([{ shape: [6, 2] }], 3);
    expectSame(await ortOutputs(bytes, given), await predicted(tf, model, given));
    const [output] = readModel(bytes).graph.output;
    expect(output?.type?.tensorType?.shape?.dim.map(({ dimValue }) => Number(dimValue))).toEqual([0, 4, 3]);
    model.dispose();
  });
});

describe('a GRU whose reset gate comes after the recurrent product, which tfjs cannot run', () => {
  const [steps, features, units] = [5, 3, 2];

  test.each(['tanh', 'swish'])('with %s equals plain numbers', async (activation) => {
    const artifacts = await resetAfterArtifacts(activation);
    const given = seededInputs([{ shape: [steps, features] }], 1);
    const outputs = await ortOutputs(artifactsToOnnx(artifacts, { opset: 13 }), given);
    const expected = plainGru(artifacts, given[0]?.data as Float32Array, activation);
    expectSame(outputs, [{ data: Float32Array.from(expected), shape: [1, units] }]);
  });

  /** Keras's layout: the bias has a second row for the recurrent product. */
  async function resetAfterArtifacts(activation: string): Promise<StudentArtifacts> {
    const make: Parameters<typeof chainCase>[3] = (layers) =>
      layers.gru({ units, activation: activation as 'tanh', recurrentActivation: 'sigmoid' });
    const model = chainCase('reset after', activation, [steps, features], make).build(tf);
    const { modelTopology, weightSpecs } = await artifactsOf(model);
    model.dispose();
    const random = seededRandom(3);
    const size = 3 * units * (features + units + 2);
    return {
      modelTopology: JSON.parse(
        JSON.stringify(modelTopology).replace('"reset_after":false', '"reset_after":true'),
      ) as object,
      weightSpecs: weightSpecs.map((spec, i) => (i === 2 ? { ...spec, shape: [2, 3 * units] } : spec)),
      weightData: Float32Array.from({ length: size }, () => random() - 0.5).buffer,
    };
  }

  function plainGru({ weightData }: StudentArtifacts, x: Float32Array, name: string): number[] {
    const all = [...new Float32Array(weightData)];
    const width = 3 * units;
    const kernel = all.slice(0, features * width);
    const recurrent = all.slice(kernel.length, kernel.length + units * width);
    const bias = all.slice(kernel.length + recurrent.length);
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    const activate = (value: number) => (name === 'tanh' ? Math.tanh(value) : value * sigmoid(value));
    const sum = (from: readonly number[], weights: readonly number[], column: number) =>
      from.reduce((total, value, row) => total + value * (weights[row * width + column] as number), 0);
    let h = new Array<number>(units).fill(0);
    for (let step = 0; step < steps; step++) {
      const given = [...x.subarray(step * features, (step + 1) * features)];
      const before = h;
      h = before.map((old, unit) => {
        const ofX = [0, 1, 2].map(
          (gate) => sum(given, kernel, gate * units + unit) + (bias[gate * units + unit] as number),
        );
        const ofH = [0, 1, 2].map(
          (gate) => sum(before, recurrent, gate * units + unit) + (bias[width + gate * units + unit] as number),
        );
        const [z, r] = [0, 1].map((gate) => sigmoid((ofX[gate] as number) + (ofH[gate] as number))) as [number, number];
        return z * old + (1 - z) * activate((ofX[2] as number) + r * (ofH[2] as number));
      });
    }
    return h;
  }
});
