import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { TokenModel } from '../../core/text/generateTokens.ts';
import { currentKernels } from '../../runtime/kernels/install.ts';
import * as tf from '../../runtime/tf.ts';
import { positionEmbeddingClass } from '../layers/positionEmbedding.ts';
import { type Kept, type LayerStep, layerStep } from './layerSteps.ts';
import { type AllSteps, openTokenPlan, type TokenPlan } from './tokenPlan.ts';

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
  const context = hasPositions ? (input.shape[1] ?? undefined) : undefined;
  const weights = model.weights.map((weight) => weight.read());
  /** Of the tokens so far; once there is a plan, the plan has it. */
  let kept: tf.Tensor[][] = places.map(() => []);
  let grows: readonly boolean[] = [];
  let plan: TokenPlan | undefined;
  let at = 0;

  const compute: AllSteps = (tokens, before, place) => {
    const values = new Map<number, tf.Tensor>([[input.id, tokens]]);
    const done = places.map(({ step, inputs, output }, i) => {
      const given = inputs.map((id) => values.get(id) as tf.Tensor);
      const one = step(given, before[i] as Kept, place);
      values.set(output, one.output);
      return one;
    });
    const all = values.get(logits.id) as tf.Tensor;
    const [rows, count] = all.shape as [number, number];
    return { answer: tf.reshape(tf.slice(all, [0, count - 1, 0], [rows, 1, -1]), [rows, -1]), done };
  };
  async function feedThroughTfjs(tokens: Int32Array, rows: number): Promise<ArrayLike<number>> {
    const count = tokens.length / rows;
    const { answer, next } = tf.tidy(() => {
      const positions = tf.range(at, at + count, 1, 'int32');
      const { answer, done } = compute(tf.tensor2d(tokens, [rows, count], 'int32'), kept, { positions });
      grows = done.map(({ fresh }) => fresh !== undefined);
      return { answer, next: done.map((one) => [...one.kept]) };
    });
    tf.dispose(kept);
    kept = next;
    try {
      return await answer.data();
    } finally {
      answer.dispose();
    }
  }
  function forget(): void {
    tf.dispose(kept);
    kept = places.map(() => []);
  }
  return {
    vocabulary: logits.shape[2] as number,
    context,
    async feed(tokens, rows) {
      const kernels = at > 0 && tokens.length === rows ? currentKernels() : undefined;
      if (kernels !== undefined && plan === undefined) {
        plan = openTokenPlan({ kernels, compute, weights, context, kept, grows, at });
        forget();
      }
      const answer = plan === undefined ? await feedThroughTfjs(tokens, rows) : plan.feed(tokens, at);
      at += tokens.length / rows;
      return answer;
    },
    [Symbol.dispose]() {
      plan?.[Symbol.dispose]();
      plan = undefined;
      forget();
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
