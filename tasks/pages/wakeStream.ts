// A long recording as MLPerf Tiny's streaming wake word builds one: speech, noise and, now and then, the word, mixed at ratios that
// differ; and what a detector's answers are worth on it.
import { randomFrom } from './tools.ts';

/** One clip at 16 kHz, of any level. */
export type Clip = Float32Array | Int16Array;

export interface StreamParts {
  readonly words: readonly Clip[];
  /** Single words that are not the word. */
  readonly others: readonly Clip[];
  readonly sentences: readonly Clip[];
}

export interface Stream {
  readonly samples: Float32Array;
  /** Seconds in which the word is said, and which of the words it is: [start, end, place in `words`]. */
  readonly said: readonly (readonly [number, number, number])[];
}

export const RATE = 16_000;
/** A detection may come so much later than the word's end. */
const LATE_SECONDS = 1;
/** Decibels by which a clip is louder than the noise behind it. */
const RATIOS = [5, 20] as const;
/** The level of the noise, in decibels below full scale. */
const LEVELS = [-45, -30] as const;

/** Seconds from one clip to the next. */
const PAUSES = [0.2, 2.5] as const;
/** The same where as much as possible is to be learned from. */
export const DENSE = [0.1, 1] as const;

const amplitudeOf = (decibels: number) => 10 ** (decibels / 20);

function loudnessOf(clip: Clip): number {
  let sum = 0;
  for (const x of clip) sum += x * x;
  return Math.sqrt(sum / clip.length) || 1;
}

/** So many seconds with each of the words and the others once, in an order that is drawn; sentences fill what is between them. */
export function makeStream(
  { words, others, sentences }: StreamParts,
  seconds: number,
  seed: number,
  pauses: readonly [number, number] = PAUSES,
): Stream {
  const random = randomFrom(seed);
  const between = (range: readonly [number, number]) => range[0] + (range[1] - range[0]) * random();
  const once = [...words.keys(), ...others.map(() => -1)]
    .map((word, i) => ({ word, clip: (word < 0 ? others[i - words.length] : words[word]) as Clip, place: random() }))
    .sort((a, b) => a.place - b.place);
  const samples = new Float32Array(seconds * RATE);
  // Every twenty seconds the noise is another one: how loud, and how dull.
  const noiseAt: number[] = [];
  let low = 0;
  for (let from = 0; from < samples.length; from += 20 * RATE) {
    const amplitude = amplitudeOf(between(LEVELS));
    const dull = 0.97 * random();
    const factor = amplitude * Math.sqrt((1 + dull) / (1 - dull)) * Math.sqrt(3);
    noiseAt.push(amplitude);
    for (let i = from; i < Math.min(from + 20 * RATE, samples.length); i++) {
      low = dull * low + (1 - dull) * (2 * random() - 1);
      samples[i] = factor * low;
    }
  }
  const said: [number, number, number][] = [];
  const put = (clip: Clip, at: number) => {
    const behind = noiseAt[Math.floor(at / (20 * RATE))] as number;
    const factor = Math.min(0.3, behind * amplitudeOf(between(RATIOS))) / loudnessOf(clip);
    for (let i = 0; i < clip.length; i++) samples[at + i] = (samples[at + i] as number) + factor * (clip[i] as number);
  };
  const every = samples.length / (once.length + 1);
  let next = 0;
  let at = Math.floor(RATE * (0.5 + random()));
  for (;;) {
    const due = at > (next + 0.5) * every ? once[next] : undefined;
    const clip = due?.clip ?? (sentences[Math.floor(sentences.length * random())] as Clip);
    if (at + clip.length > samples.length) break;
    put(clip, at);
    if (due !== undefined) next++;
    if (due !== undefined && due.word >= 0) said.push([at / RATE, (at + clip.length) / RATE, due.word]);
    at += clip.length + Math.floor(RATE * between(pauses));
  }
  return { samples, said };
}

/** A detector's mean probabilities on a stream, the first at the end of its first window. */
export interface Scores {
  readonly scores: Float32Array;
  readonly firstSeconds: number;
  readonly hopSeconds: number;
}

/** Seconds at which a threshold hears the word, and then is deaf for one, as `listen` is. */
export function heardAt({ scores, firstSeconds, hopSeconds }: Scores, threshold: number): number[] {
  const heard: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    const seconds = firstSeconds + i * hopSeconds;
    if ((scores[i] as number) >= threshold && seconds - (heard.at(-1) ?? -2) > 1) heard.push(seconds);
  }
  return heard;
}

/** Words missed, and detections where no word was. */
export function judge(heard: readonly number[], said: Stream['said']) {
  const isOf = ([start, end]: Stream['said'][number], seconds: number) =>
    seconds > start && seconds < end + LATE_SECONDS;
  return {
    missed: said.filter((word) => !heard.some((seconds) => isOf(word, seconds))).length,
    falseAccepts: heard.filter((seconds) => !said.some((word) => isOf(word, seconds))).length,
  };
}

/** As far apart in logits. */
const THRESHOLDS = Array.from({ length: 110 }, (_, i) => 1 / (1 + Math.exp(10 - 0.2 * i)));

/** The lowest threshold from which on there are few enough false accepts. */
export function chooseThreshold(scores: readonly Scores[], streams: readonly Stream[], most: number): number {
  let lowest = THRESHOLDS.at(-1) as number;
  for (const threshold of THRESHOLDS.toReversed()) {
    let falseAccepts = 0;
    for (const [i, one] of scores.entries())
      falseAccepts += judge(heardAt(one, threshold), (streams[i] as Stream).said).falseAccepts;
    if (falseAccepts > most) break;
    lowest = threshold;
  }
  return lowest;
}
