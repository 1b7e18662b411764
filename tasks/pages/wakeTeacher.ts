// openWakeWord's two models as a teacher of the example: what they make of a stream, and how a head reads that.
import { inputPresets, loadTeacher, type NdArray, type Teacher } from 'limbeck';
import { addressOf, meanOf } from './tools.ts';
import { RATE, type Scores } from './wakeStream.ts';

/** Numbers of an embedding. */
const FEATURES = 96;
/** Embeddings that a head reads, and how many places they are apart. */
const [EMBEDDINGS, APART] = [3, 2];
export const WIDTH = EMBEDDINGS * FEATURES;
/** Frames that an embedding sees, frames from one to the next, and bands. */
const [FRAMES, HOP_FRAMES, BANDS] = [76, 8, 32];
/** Samples from one frame to the next, and of the last one. */
const [FRAME_HOP, FRAME_SAMPLES] = [160, 512];

/** From one embedding, and so from one window, to the next. */
export const HOP_SAMPLES = HOP_FRAMES * FRAME_HOP;
const samplesOf = (embeddings: number) => ((embeddings - 1) * HOP_FRAMES + FRAMES - 1) * FRAME_HOP + FRAME_SAMPLES;
/** Places from the first embedding of a window to its last. */
const SPAN = (EMBEDDINGS - 1) * APART;
/** What a head hears at once. */
export const WINDOW_SECONDS = samplesOf(SPAN + 1) / RATE;

export const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

/** openWakeWord's two models, frozen. */
export interface Embedder extends AsyncDisposable {
  /** What a head reads of the windows of a sound, one each `HOP_SAMPLES`: [windows, WIDTH]. */
  featuresOf(samples: Float32Array): Promise<Float32Array>;
}

/** Embeddings of one piece of sound: 16 seconds. */
const PIECE = 192;

/** Two of one thread each, since neither waits for another's threads. */
export async function openEmbedder(): Promise<Embedder> {
  const pairs = await Promise.all([openPair(), openPair()]);
  return {
    async featuresOf(samples) {
      const count = Math.floor((samples.length - samplesOf(1)) / HOP_SAMPLES) + 1;
      const embeddings = new Float32Array(count * FEATURES);
      const pieces = Array.from({ length: Math.ceil(count / PIECE) }, (_, i) => i * PIECE);
      await Promise.all(
        pairs.map(async ({ embed }) => {
          for (let from = pieces.shift(); from !== undefined; from = pieces.shift()) {
            const each = Math.min(PIECE, count - from);
            const start = from * HOP_SAMPLES;
            const piece = await embed(samples.slice(start, start + samplesOf(each)));
            for (let i = 0; i < each; i++) {
              for (let f = 0; f < FEATURES; f++) embeddings[(from + i) * FEATURES + f] = piece[f * each + i] as number;
            }
          }
        }),
      );
      const features = new Float32Array((count - SPAN) * WIDTH);
      for (let i = 0; i < count - SPAN; i++) {
        for (let k = 0; k < EMBEDDINGS; k++) {
          const at = (i + k * APART) * FEATURES;
          features.set(embeddings.subarray(at, at + FEATURES), i * WIDTH + k * FEATURES);
        }
      }
      return features;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
    },
  };
}

async function openPair() {
  const shared = { device: 'wasm', threads: 1 } as const;
  const input = inputPresets.openWakeWord;
  const mel = await loadTeacher(addressOf('models/melspectrogram.onnx'), { ...shared, input }).done;
  const embedding = await loadTeacher(addressOf('models/embedding_model.onnx'), shared).done;
  const only = (outputs: Awaited<ReturnType<Teacher['ask']>>) => Object.values(outputs)[0] as NdArray;
  return {
    /** [FEATURES, count] */
    async embed(piece: Float32Array) {
      const spectrum = only(await mel.ask({ input: { data: piece, shape: [1, piece.length] } })).data;
      // The scaling that openWakeWord applies between its two models.
      const data = Float32Array.from(spectrum, (value) => value / 10 + 2);
      return only(await embedding.ask({ input: { data, shape: [1, data.length / BANDS, BANDS, 1] } })).data;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([mel[Symbol.asyncDispose](), embedding[Symbol.asyncDispose]()]);
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

/** What a head says of a stream, of every other of its windows: the mean probability of the last ones. */
export function headScores({ data, shape }: NdArray, smoothing: number): Scores {
  const probabilities = Array.from({ length: Math.ceil((shape[0] as number) / 2) }, (_, i) => {
    const [other, word] = data.subarray(4 * i, 4 * i + 2) as Float32Array;
    return 1 / (1 + Math.exp((other as number) - (word as number)));
  });
  const scores = Float32Array.from(probabilities, (_, i) =>
    i + 1 < smoothing ? 0 : meanOf(probabilities.slice(i + 1 - smoothing, i + 1)),
  );
  return { scores, firstSeconds: WINDOW_SECONDS, hopSeconds: (2 * HOP_SAMPLES) / RATE };
}
