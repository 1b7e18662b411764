// openWakeWord's two models as a teacher of the example: what they make of a stream, and how a head reads that.
import { inputPresets, loadTeacher, type NdArray, type Teacher } from 'limbeck';
import { addressOf } from './tools.ts';
import { RATE } from './wakeStream.ts';

/** Numbers of an embedding. */
const FEATURES = 96;
/** Embeddings that a head reads. */
const EMBEDDINGS = 3;
export const WIDTH = EMBEDDINGS * FEATURES;
/** Frames that an embedding sees, frames from one to the next, and bands. openWakeWord makes one twice as often. */
const [FRAMES, HOP_FRAMES, BANDS] = [76, 16, 32];
/** Samples from one frame to the next, and of the last one. */
const [FRAME_HOP, FRAME_SAMPLES] = [160, 512];

export const HOP_SAMPLES = HOP_FRAMES * FRAME_HOP;
const samplesOf = (embeddings: number) => ((embeddings - 1) * HOP_FRAMES + FRAMES - 1) * FRAME_HOP + FRAME_SAMPLES;
/** What a head hears at once. */
export const WINDOW_SECONDS = samplesOf(EMBEDDINGS) / RATE;

export const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

/** openWakeWord's two models, frozen. */
export interface Embedder extends AsyncDisposable {
  /** What a head reads of the windows of a sound, one each `HOP_SAMPLES`: [windows, WIDTH]. */
  featuresOf(samples: Float32Array): Promise<Float32Array>;
}

/** Embeddings that are asked for at once. */
const BATCH = 64;

export async function openEmbedder(): Promise<Embedder> {
  const mel = await loadTeacher(addressOf('models/melspectrogram.onnx'), {
    input: inputPresets.openWakeWord,
    device: 'wasm',
  }).done;
  const embedding = await loadTeacher(addressOf('models/embedding_model.onnx'), { device: 'wasm' }).done;
  const only = (outputs: Awaited<ReturnType<Teacher['ask']>>) => Object.values(outputs)[0] as NdArray;
  const embed = async (piece: Float32Array, count: number) => {
    const spectra = only(await mel.ask({ input: { data: piece, shape: [1, piece.length] } })).data;
    const windows = new Float32Array(count * FRAMES * BANDS);
    for (let i = 0; i < count; i++) {
      // The scaling that openWakeWord applies between its two models.
      for (let k = 0; k < FRAMES * BANDS; k++) {
        windows[i * FRAMES * BANDS + k] = (spectra[i * HOP_FRAMES * BANDS + k] as number) / 10 + 2;
      }
    }
    return only(await embedding.ask({ input: { data: windows, shape: [count, FRAMES, BANDS, 1] } })).data;
  };
  return {
    async featuresOf(samples) {
      const count = Math.floor((samples.length - samplesOf(1)) / HOP_SAMPLES) + 1;
      const embeddings = new Float32Array(count * FEATURES);
      for (let from = 0; from < count; from += BATCH) {
        const each = Math.min(BATCH, count - from);
        const start = from * HOP_SAMPLES;
        embeddings.set(await embed(samples.slice(start, start + samplesOf(each)), each), from * FEATURES);
      }
      const features = new Float32Array((count - EMBEDDINGS + 1) * WIDTH);
      for (let i = 0; i < count - EMBEDDINGS + 1; i++) {
        features.set(embeddings.subarray(i * FEATURES, i * FEATURES + WIDTH), i * WIDTH);
      }
      return features;
    },
    async [Symbol.asyncDispose]() {
      await mel[Symbol.asyncDispose]();
      await embedding[Symbol.asyncDispose]();
    },
  };
}

/** Brings features to a mean of 0 and a deviation of 1, as those of the training windows are. */
export function scalerOf(features: Float32Array) {
  const rows = features.length / WIDTH;
  const mean = new Float64Array(WIDTH);
  const squares = new Float64Array(WIDTH);
  for (let i = 0; i < features.length; i++) {
    mean[i % WIDTH] = (mean[i % WIDTH] as number) + (features[i] as number) / rows;
    squares[i % WIDTH] = (squares[i % WIDTH] as number) + (features[i] as number) ** 2 / rows;
  }
  const deviation = squares.map((square, i) => Math.sqrt(Math.max(1e-6, square - (mean[i] as number) ** 2)));
  return (values: Float32Array) =>
    values.map((value, i) => (value - (mean[i % WIDTH] as number)) / (deviation[i % WIDTH] as number));
}
