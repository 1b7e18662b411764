import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { TokenModel } from '../../core/text/generateTokens.ts';
import * as tf from '../../runtime/tf.ts';
import { positionEmbeddingClass } from '../layers/positionEmbedding.ts';
import { type Kept, type LayerStep, layerStep } from './layerSteps.ts';

interface Place {
  readonly step: LayerStep;
  readonly inputs: readonly number[];
  readonly output: number;
}

/**
 * Opens a language model on this thread's backend. It keeps what it needs of the tokens that it was fed: an attention's keys and
 * values, the states of a recurrent layer. The model stays the caller's.
 * Throws    student-invalid: it does not read one text of tokens, answers with something else than a row for each, or has a
 *           layer that sees what follows
 */
export function openStepwise(model: tf.LayersModel): TokenModel & Disposable {
  const [input] = model.inputs;
  const [logits] = model.outputs;
  const isText = model.inputs.length === 1 && model.outputs.length === 1 && input?.shape.length === 2;
  if (!isText || input === undefined || logits?.shape.length !== 3) throw noLanguageModel(model);
  const places = placesOf(model, input.id);
  const hasPositions = model.layers.some((layer) => layer instanceof positionEmbeddingClass(tf));
  let kept: Kept[] = places.map(() => []);
  let at = 0;
  return {
    vocabulary: logits.shape[2] as number,
    context: hasPositions ? (input.shape[1] ?? undefined) : undefined,
    async feed(tokens, rows) {
      const count = tokens.length / rows;
      const { answer, next } = tf.tidy(() => {
        const values = new Map<number, tf.Tensor>([[input.id, tf.tensor2d(tokens, [rows, count], 'int32')]]);
        const keptNext = places.map(({ step, inputs, output }, i) => {
          const given = inputs.map((id) => values.get(id) as tf.Tensor);
          const done = step(given, kept[i] as Kept, at);
          values.set(output, done.output);
          return [...done.kept];
        });
        const all = values.get(logits.id) as tf.Tensor;
        const last = tf.slice(all, [0, count - 1, 0], [rows, 1, -1]);
        return { answer: tf.reshape(last, [rows, -1]), next: keptNext };
      });
      tf.dispose(kept as tf.Tensor[][]);
      kept = next;
      at += count;
      try {
        return await answer.data();
      } finally {
        answer.dispose();
      }
    },
    [Symbol.dispose]() {
      tf.dispose(kept as tf.Tensor[][]);
      kept = places.map(() => []);
      at = 0;
    },
  };
}

interface Node {
  readonly inputTensors: readonly tf.SymbolicTensor[];
  readonly outputTensors: readonly tf.SymbolicTensor[];
}

/** The model's layers in the order in which they compute. A layer may stand at several places, and keeps something at each. */
function placesOf(model: tf.LayersModel, inputId: number): Place[] {
  const known = new Set([inputId]);
  const places: Place[] = [];
  const waiting = model.layers
    .filter((layer) => layer.getClassName() !== 'InputLayer')
    .flatMap((layer) => (layer.inboundNodes as unknown as Node[]).map((node) => ({ layer, node })));
  for (let found = true; found; ) {
    found = false;
    for (const [i, { layer, node }] of waiting.entries()) {
      if (!node.inputTensors.every(({ id }) => known.has(id))) continue;
      const output = (node.outputTensors[0] as tf.SymbolicTensor).id;
      places.push({ step: layerStep(layer), inputs: node.inputTensors.map(({ id }) => id), output });
      known.add(output);
      waiting.splice(i, 1);
      found = true;
      break;
    }
  }
  return places;
}

function noLanguageModel({ name, inputs, outputs }: tf.LayersModel): LimbeckError {
  const shapes = (tensors: readonly tf.SymbolicTensor[]) =>
    tensors.map(({ shape }) => formatShape(shape)).join(', ') || 'none';
  return new LimbeckError(
    'student-invalid',
    `generate needs a model from tokens [B, T] to logits [B, T, C], such as decoder(…) or recurrentDecoder(…); "${name}" takes ` +
      `${shapes(inputs)} and gives ${shapes(outputs)}.`,
    { details: { inputs: inputs.map(({ shape }) => shape), outputs: outputs.map(({ shape }) => shape) } },
  );
}
