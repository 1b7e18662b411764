import { describe, expect, test, vi } from 'vitest';
import { generateTokens, type TokenModel, type TokenStep } from '../../core/text/generateTokens.ts';
import { SAMPLING } from '../../core/text/sampleToken.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { multiHeadAttention } from '../layers/multiHeadAttention.ts';
import { positionEmbedding } from '../layers/positionEmbedding.ts';
import { decoder } from '../zoo/decoder.ts';
import { recurrentDecoder } from '../zoo/recurrentDecoder.ts';
import { openStepwise } from './openStepwise.ts';

const [LENGTH, VOCABULARY] = [9, 7];
const SIZE = { vocabulary: VOCABULARY, width: 8 };
const kinds = {
  decoder: (length: number) => decoder({ ...SIZE, length, heads: 2, hidden: 12, blocks: 2 }),
  gru: (length: number) => recurrentDecoder({ ...SIZE, length, units: 6 }),
  lstm: (length: number) => recurrentDecoder({ ...SIZE, length, units: 6, cell: 'lstm' }),
};

/** Larger than a start, so that what is far away counts. */
async function built(kind: keyof typeof kinds, length = LENGTH): Promise<tf.LayersModel> {
  const model = await buildStudent(await kinds[kind](length).portable(), 3);
  tf.tidy(() => {
    const weights = model
      .getWeights()
      .map((weight, i) => tf.add(tf.mul(weight, 2), tf.randomNormal(weight.shape, 0, 0.2, 'float32', i)));
    model.setWeights(weights);
  });
  return model;
}

/** The same model without anything kept: the whole text, filled up, for each token. */
function whole(model: tf.LayersModel, length = LENGTH): TokenModel {
  let text: number[][] = [];
  return {
    vocabulary: VOCABULARY,
    context: length,
    async feed(tokens, rows) {
      const count = tokens.length / rows;
      text = Array.from({ length: rows }, (_, row) => [
        ...(text[row] ?? []),
        ...tokens.subarray(row * count, (row + 1) * count),
      ]);
      const seen = text[0]?.length ?? 0;
      return tf.tidy(() => {
        const given = text.map((own) => [...own, ...new Array<number>(length - seen).fill(4)]);
        const logits = model.predict(tf.tensor2d(given, [rows, length], 'int32')) as tf.Tensor;
        return Float32Array.from(tf.slice(logits, [0, seen - 1, 0], [rows, 1, -1]).dataSync());
      });
    },
  };
}

describe.each(['cpu', 'wasm'] as const)('openStepwise on %s', (backend) => {
  onBackend(backend);

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])(
    '%s answers as without anything kept, for prompts of any length',
    async (kind) => {
      const model = await built(kind);
      const texts = [
        [1, 2, 3, 4, 5, 6, 0, 1, 2],
        [6, 5, 4, 3, 2, 1, 0, 6, 5],
      ];
      const rows = texts.length;
      const columns = (from: number, to: number) => Int32Array.from(texts.flatMap((text) => text.slice(from, to)));
      for (const prompt of [1, 4, LENGTH]) {
        using stepwise = openStepwise(model);
        const plain = whole(model);
        let from = 0;
        for (let to = prompt; to <= LENGTH; to++) {
          const [kept, asked] = [
            await stepwise.feed(columns(from, to), rows),
            await plain.feed(columns(from, to), rows),
          ];
          const worst = Math.max(...Array.from(kept, (value, i) => Math.abs(value - (asked[i] as number))));
          expect(kept).toHaveLength(rows * VOCABULARY);
          expect(worst, `${kind} after ${to} of ${prompt}`).toBeLessThan(1e-5);
          from = to;
        }
        expect(Math.max(...Array.from(await plainSpread(model)))).toBeGreaterThan(0.1);
      }
      model.dispose();
    },
  );

  test('writes the same text with what it keeps and without, and frees it', async () => {
    for (const kind of ['decoder', 'lstm'] as const) {
      const model = await built(kind);
      const textOf = async (from: TokenModel) => {
        const steps: TokenStep[] = [];
        const request = {
          prompts: Int32Array.of(1, 2, 5, 5),
          seeds: [1, 2],
          maxTokens: 6,
          sampling: SAMPLING.read({}),
          end: undefined,
        };
        await generateTokens(from, request, (step) => void steps.push(step));
        return steps.map(({ tokens }) => [...tokens]);
      };
      const before = tf.memory().numTensors;
      const stepwise = openStepwise(model);
      const written = await textOf(stepwise);
      expect(tf.memory().numTensors).toBeGreaterThan(before);
      stepwise[Symbol.dispose]();
      stepwise[Symbol.dispose]();
      expect(tf.memory().numTensors).toBe(before);
      expect(written).toEqual(await textOf(whole(model)));
      expect(written).toHaveLength(6);
      model.dispose();
    }
  });

  test('answers the same in a long text, where what is kept moves to more room', async () => {
    const length = 140;
    for (const kind of ['decoder', 'gru'] as const) {
      const model = await built(kind, length);
      const text = Int32Array.from({ length }, (_, i) => (i * i + (i >> 3)) % VOCABULARY);
      {
        using stepwise = openStepwise(model);
        await stepwise.feed(text.subarray(0, 3), 1);
        for (let at = 3; at < length; at++) {
          const kept = await stepwise.feed(text.subarray(at, at + 1), 1);
          if (![63, 64, 65, 127, 128, 129, length - 1].includes(at)) continue;
          const asked = await whole(model, length).feed(text.subarray(0, at + 1), 1);
          const worst = Math.max(...Array.from(kept, (value, i) => Math.abs(value - (asked[i] as number))));
          expect(worst, `${kind} at ${at}`).toBeLessThan(1e-5);
        }
      }
      model.dispose();
    }
  });

  test('knows how far it sees', async () => {
    for (const [kind, context] of [
      ['decoder', LENGTH],
      ['gru', undefined],
    ] as const) {
      const model = await built(kind);
      const { vocabulary, context: own } = openStepwise(model);
      expect({ vocabulary, own }).toEqual({ vocabulary: VOCABULARY, own: context });
      model.dispose();
    }
  });

  type Made = (x: tf.SymbolicTensor) => tf.SymbolicTensor;
  const then =
    (...layers: readonly unknown[]): Made =>
    (x) =>
      layers.reduce<tf.SymbolicTensor>(
        (y, layer) => (layer as { apply(y: unknown): unknown }).apply(y) as tf.SymbolicTensor,
        x,
      );
  const logits = () => tf.layers.dense({ units: VOCABULARY });

  test.each<[string, () => Made, RegExp]>([
    [
      'attention to all positions',
      () => then(multiHeadAttention(tf, { heads: 2 }), logits()),
      /sees positions that are not written yet/,
    ],
    [
      'a layer that reads backwards',
      () => then(tf.layers.gru({ units: 4, returnSequences: true, goBackwards: true }), logits()),
      /reads from the end/,
    ],
    [
      'both ways',
      () =>
        then(
          tf.layers.bidirectional({
            layer: tf.layers.gru({ units: 4, returnSequences: true }) as never,
            mergeMode: 'concat',
          }),
          logits(),
        ),
      /may mix positions/,
    ],
    [
      'a convolution',
      () => then(tf.layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same' }), logits()),
      /may mix positions/,
    ],
    ['a softmax over positions', () => then(logits(), tf.layers.softmax({ axis: 1 })), /may mix positions/],
    ['one answer for a text', () => then(tf.layers.globalAveragePooling1d(), logits()), /needs a model from tokens/],
  ])('refuses %s', (_, make, message) => {
    const input = tf.input({ shape: [LENGTH], dtype: 'int32' });
    const embedded = then(tf.layers.embedding({ inputDim: VOCABULARY, outputDim: 4 }), positionEmbedding(tf))(input);
    const model = tf.model({ inputs: input, outputs: make()(embedded) });
    expect(() => openStepwise(model)).toThrow(
      expect.objectContaining({ code: 'student-invalid', message: expect.stringMatching(message) }),
    );
    model.dispose();
  });
});

describe('openStepwise on the kernels', () => {
  onBackend('wasm');

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])(
    '%s writes without tfjs once its tokens are recorded',
    async (kind) => {
      const model = await built(kind);
      {
        using stepwise = openStepwise(model);
        const run = vi.spyOn(tf.engine(), 'runKernel');
        const calls: number[] = [];
        for (let at = 0; at < LENGTH; at++) {
          const before = run.mock.calls.length;
          await stepwise.feed(Int32Array.of(at % VOCABULARY), 1);
          calls.push(run.mock.calls.length - before);
        }
        run.mockRestore();
        // The prompt, and the token that is recorded.
        expect(calls.slice(0, 2).every((count) => count > 10)).toBe(true);
        expect(calls.slice(2)).toEqual(new Array(LENGTH - 2).fill(0));
      }
      model.dispose();
    },
  );
});

/** How much the logits of a position differ from those of another: a model that says the same everywhere would prove nothing. */
async function plainSpread(model: tf.LayersModel): Promise<Float32Array> {
  return tf.tidy(() => {
    const answer = model.predict(tf.tensor2d([[1, 2, 3, 4, 5, 6, 0, 1, 2]], [1, LENGTH], 'int32')) as tf.Tensor;
    return tf.sub(tf.max(answer, 1), tf.min(answer, 1)).dataSync() as Float32Array;
  });
}
