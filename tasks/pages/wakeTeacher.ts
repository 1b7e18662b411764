// openWakeWord's two models as a teacher of the example: what they make of sounds, and what a head on them says of a stream.
import { inputPresets, loadTeacher, type NdArray, type Teacher } from 'limbeck';
import { addressOf, meanOf } from './tools.ts';
import { RATE, type Scores, type Stream } from './wakeStream.ts';

/** Frames that the embedding sees, and from one embedding to the next. */
export const FEATURES = 96;
const [FRAMES, HOP_FRAMES, BANDS] = [76, 8, 32];
/** Of a second. */
export const EMBEDDINGS = 3;

export const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

/** openWakeWord's two models, frozen. */
export interface Embedder extends AsyncDisposable {
  /** Embeddings of sounds of one length [N, T] → [N, embeddings, 96]. */
  embed(sounds: NdArray): Promise<Float32Array>;
}

export async function openEmbedder(): Promise<Embedder> {
  const mel = await loadTeacher(addressOf('models/melspectrogram.onnx'), {
    input: inputPresets.openWakeWord,
    device: 'wasm',
  }).done;
  const embedding = await loadTeacher(addressOf('models/embedding_model.onnx'), { device: 'wasm' }).done;
  const only = (outputs: Awaited<ReturnType<Teacher['ask']>>) => Object.values(outputs)[0] as NdArray;
  return {
    async embed(sounds) {
      const spectra = only(await mel.ask({ input: sounds }));
      const count = sounds.shape[0] as number;
      const frames = spectra.data.length / count / BANDS;
      const each = Math.floor((frames - FRAMES) / HOP_FRAMES) + 1;
      const windows = new Float32Array(count * each * FRAMES * BANDS);
      for (let i = 0; i < count * each; i++) {
        const from = (Math.floor(i / each) * frames + (i % each) * HOP_FRAMES) * BANDS;
        // The scaling that openWakeWord applies between its two models.
        for (let k = 0; k < FRAMES * BANDS; k++) {
          windows[i * FRAMES * BANDS + k] = (spectra.data[from + k] as number) / 10 + 2;
        }
      }
      const asked = { data: windows, shape: [count * each, FRAMES, BANDS, 1] };
      return only(await embedding.ask({ input: asked })).data as Float32Array;
    },
    async [Symbol.asyncDispose]() {
      await mel[Symbol.asyncDispose]();
      await embedding[Symbol.asyncDispose]();
    },
  };
}

/** Brings features to a mean of 0 and a deviation of 1, as those of the training windows are. */
export function scalerOf(features: Float32Array) {
  const width = EMBEDDINGS * FEATURES;
  const rows = features.length / width;
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let i = 0; i < features.length; i++) {
    mean[i % width] = (mean[i % width] as number) + (features[i] as number) / rows;
    squares[i % width] = (squares[i % width] as number) + (features[i] as number) ** 2 / rows;
  }
  const deviation = squares.map((square, i) => Math.sqrt(Math.max(1e-6, square - (mean[i] as number) ** 2)));
  return (values: Float32Array) =>
    values.map((value, i) => (value - (mean[i % width] as number)) / (deviation[i % width] as number));
}

/** What the head on the embeddings says of a stream, at the embedding's own pace. */
export async function teacherScores(
  { samples }: Stream,
  embedder: Embedder,
  ask: (rows: NdArray) => Promise<NdArray>,
): Promise<Scores> {
  const [hop, width] = [160 * HOP_FRAMES, EMBEDDINGS * FEATURES];
  // Ten seconds at a time; an embedding of the next piece starts where this one's last has its successor.
  const each = 125;
  const probabilities: number[] = [];
  let last: Float32Array = new Float32Array(0);
  for (let from = 0; from + (each * HOP_FRAMES + FRAMES) * 160 + 512 <= samples.length; from += each * hop) {
    const piece = samples.slice(from, from + ((each - 1) * HOP_FRAMES + FRAMES - 1) * 160 + 512);
    const embeddings = await embedder.embed({ data: piece, shape: [1, piece.length] });
    const all = new Float32Array(last.length + embeddings.length);
    all.set(last);
    all.set(embeddings, last.length);
    const rows = all.length / FEATURES - EMBEDDINGS + 1;
    const features = new Float32Array(rows * width);
    for (let i = 0; i < rows; i++) features.set(all.subarray(i * FEATURES, i * FEATURES + width), i * width);
    const { data } = await ask({ data: features, shape: [rows, width] });
    for (let i = 0; i < rows; i++) {
      probabilities.push(1 / (1 + Math.exp((data[2 * i] as number) - (data[2 * i + 1] as number))));
    }
    last = all.slice(rows * FEATURES);
  }
  const scores = Float32Array.from(probabilities, (_, i) =>
    i < 2 ? 0 : meanOf([probabilities[i - 2], probabilities[i - 1], probabilities[i]] as number[]),
  );
  const firstSeconds = ((FRAMES + (EMBEDDINGS - 1) * HOP_FRAMES - 1) * 160 + 512) / RATE;
  return { scores, firstSeconds, hopSeconds: hop / RATE };
}
