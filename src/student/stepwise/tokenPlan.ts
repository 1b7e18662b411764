// One more token of each text through a plan: the layers' calls of compiled code are recorded once and repeated for every token. What
// grows with the text lies in memory with room for more of it, so that a token changes no shape and no address.
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { currentKernels, type InstalledKernels } from '../../runtime/kernels/install.ts';
import { makePlans, type Plans } from '../../runtime/kernels/plans.ts';
import * as tf from '../../runtime/tf.ts';
import type { Kept, StepDone, StepPlace } from './layerSteps.ts';

/** All layers for n new tokens of each text, int32 [B, n], inside a tidy: the logits [B, C] after the last, and what each gives. */
export type AllSteps = (
  tokens: tf.Tensor,
  kept: readonly Kept[],
  place: StepPlace,
) => { readonly answer: tf.Tensor; readonly done: readonly StepDone[] };

export interface TokenPlanOptions {
  readonly kernels: InstalledKernels;
  readonly compute: AllSteps;
  readonly weights: readonly tf.Tensor[];
  /** The most tokens that the model sees. */
  readonly context: number | undefined;
  /** What each layer keeps of the first tokens; it is read here, and stays the caller's. */
  readonly kept: readonly Kept[];
  /** Whether that grows by a row for each token. */
  readonly grows: readonly boolean[];
  /** How many tokens that were. */
  readonly at: number;
}

export interface TokenPlan extends Disposable {
  /**
   * One token of each text, at its position: logits [B, C] of what follows.
   * Throws    out-of-memory · thread-died
   */
  feed(tokens: Int32Array, at: number): ArrayLike<number>;
}

/** Tokens for which there is room at first; then twice as many. */
const ROOM = 64;

export function openTokenPlan({ kernels, compute, weights, context, grows, ...first }: TokenPlanOptions): TokenPlan {
  /** What grows, as [B, room, F]; of other layers nothing. */
  let grown: tf.Tensor[][] = grows.map(() => []);
  /** What does not grow: it is read after each token, and given with the next. */
  const states = first.kept.map((kept, i) => (grows[i] ? [] : kept.map(arrayOf)));
  let room = 0;
  let mask: NdArray = { data: new Float32Array(0), shape: [0] };
  let plans: Plans | undefined;

  function close(): void {
    plans?.dispose();
    plans = undefined;
    tf.dispose(grown);
  }

  /** Moves what grows, of which `at` rows are there, to where there is room for more. */
  function moveTo(next: number, before: readonly Kept[], at: number): void {
    const moved = tf.tidy(() => before.map((kept) => kept.map((rows) => widened(kernels, rows, next, at))));
    close();
    [grown, room] = [moved, next];
    // Of the new token, the last one, all see itself.
    const seen = (_: unknown, i: number) => (i < at || i === next ? 0 : Number.NEGATIVE_INFINITY);
    mask = { data: Float32Array.from({ length: next + 1 }, seen), shape: [1, 1, 1, next + 1] };
    plans = makePlans({ compute: computeOne, weights: [...weights, ...grown.flat()], hasWeights: true });
  }

  function computeOne({ tokens, positions, mask, ...given }: Readonly<Record<string, tf.Tensor>>): tf.Tensor[] {
    return tf.tidy(() => {
      const kept = grown.map((own, i) => [
        ...own,
        ...(states[i] ?? []).map((_, k) => given[stateName(i, k)] as tf.Tensor),
      ]);
      const place = { positions: positions as tf.Tensor, ...(mask && { mask }) };
      const { answer, done } = compute(tokens as tf.Tensor, kept, place);
      return [answer, ...done.flatMap((one) => one.fresh ?? one.kept)];
    });
  }

  const roomFor = (count: number) =>
    Math.min(context ?? Number.POSITIVE_INFINITY, Math.max(ROOM, 2 ** Math.ceil(Math.log2(count))));
  const isGrowing = grows.includes(true);
  moveTo(
    roomFor(first.at + 1),
    first.kept.map((kept, i) => (grows[i] ? kept : [])),
    first.at,
  );
  return {
    feed(tokens, at) {
      if (currentKernels() !== kernels) throw new Error('The backend was closed while a text was written.');
      if (isGrowing && at === room) moveTo(roomFor(at + 1), grown, at);
      const inputs: NamedArrays = {
        tokens: { data: tokens, shape: [tokens.length, 1] },
        positions: { data: Int32Array.of(at), shape: [1] },
        ...(isGrowing && { mask }),
        ...Object.fromEntries(states.flatMap((own, i) => own.map((state, k) => [stateName(i, k), state]))),
      };
      const [answer, ...given] = (plans as Plans).run(kernels, inputs) as [NdArray, ...NdArray[]];
      grows.forEach((_, i) => {
        for (const rows of grown[i] as tf.Tensor[]) putRow(kernels, rows, given.shift() as NdArray, at);
        states[i] = (states[i] as NdArray[]).map(() => given.shift() as NdArray);
      });
      if (isGrowing) mask.data[at] = 0;
      return answer.data;
    },
    [Symbol.dispose]: close,
  };
}

const stateName = (place: number, k: number) => `state ${place} ${k}`;

function arrayOf(tensor: tf.Tensor): NdArray {
  return { data: tensor.dataSync().slice() as Float32Array, shape: [...tensor.shape] };
}

/** [B, T, F], of which `count` rows are copied, as [B, room, F]; the caller owns it. What is not written yet must be finite: zeros. */
function widened(kernels: InstalledKernels, tensor: tf.Tensor, room: number, count: number): tf.Tensor {
  const [batch, length, width] = tensor.shape as [number, number, number];
  const wide = tf.zeros([batch, room, width]);
  const [from, to] = [kernels.addressOf(tensor), kernels.addressOf(wide)];
  for (let b = 0; b < batch; b++) {
    const start = from + 4 * b * length * width;
    kernels.bytes().copyWithin(to + 4 * b * room * width, start, start + 4 * count * width);
  }
  return wide;
}

/** Writes the row [B, 1, F] at a position of [B, room, F]. */
function putRow(kernels: InstalledKernels, rows: tf.Tensor, { data }: NdArray, at: number): void {
  const [batch, room, width] = rows.shape as [number, number, number];
  const heap = new Float32Array(kernels.bytes().buffer);
  const first = kernels.addressOf(rows) / 4;
  for (let b = 0; b < batch; b++) {
    heap.set(data.subarray(b * width, (b + 1) * width), first + (b * room + at) * width);
  }
}
