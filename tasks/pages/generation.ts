// On the page: a language model learns texts and becomes an ONNX teacher; its student begins as half of it, learns token by token, is
// measured, and writes.
import {
  crossEntropy,
  type Dataset,
  type DecoderOptions,
  decoder,
  fromSafetensors,
  fromTokens,
  generate,
  loadTeacher,
  measure,
  type NamedArrays,
  type NdArray,
  oneCycle,
  openTrainer,
  perToken,
  type Student,
  softTargets,
  type Teacher,
  type Trainer,
  toOnnx,
  toSafetensors,
  weighted,
} from 'limbeck';
import { type Answered, fileOf, learnBoth, offer, openTask, overSeeds, say, trainStudent } from './tools.ts';

type Split = 'teacher' | 'student' | 'validation' | 'development' | 'test';

interface Texts {
  readonly alphabet: string;
  readonly length: number;
  readonly texts: Readonly<Record<Split, readonly string[]>>;
}

interface Settings {
  /** What the figures are of: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly seeds?: readonly number[];
  /** The teacher's blocks that the student's begin as, from 0 on; as many as the student has. */
  readonly kept?: readonly number[];
  readonly teacherEpochs?: number;
  readonly epochs?: number;
  readonly teacherRate?: number;
  readonly learningRate?: number;
  readonly temperature?: number;
  /** The share of the loss that is the teacher's; the rest is the text's own next character. */
  readonly taught?: number;
  readonly batchSize?: number;
}

const METRIC = 'perplexity of the next character, unseen glosses';
const WRITTEN = 8;
/** Of the teacher. */
const BLOCKS = 4;

/** Trains to the epoch that foresees the validation texts best, telling each. */
const RECIPE = { schedule: oneCycle(), keepBest: { by: 'perplexity' } } as const;
const perplexityOfEpoch = ({ perplexity = Number.NaN }: Readonly<Record<string, number>>) =>
  `perplexity ${perplexity.toFixed(3)}`;

/** How unsure a model is of all texts together. */
async function perplexityOf(data: Dataset, ask: (inputs: NamedArrays) => Promise<NdArray>): Promise<number> {
  const logits: number[][] = [];
  const sequences: number[] = [];
  let classes = 0;
  for (let from = 0; from < data.size; from += 50) {
    const indices = Int32Array.from({ length: Math.min(50, data.size - from) }, (_, i) => from + i);
    const read = await data.read(indices);
    const { data: answer, shape } = await ask(read.inputs);
    classes = shape[2] as number;
    // Only the positions that count.
    for (const [position, next] of (read.sequences ?? new Int32Array(0)).entries()) {
      if (next < 0) continue;
      logits.push([...answer.slice(position * classes, (position + 1) * classes)]);
      sequences.push(next);
    }
  }
  const student = { data: Float32Array.from(logits.flat()), shape: [1, sequences.length, classes] };
  const { perplexity } = measure({ student, sequences: Int32Array.from(sequences) }, { kind: 'tokens' });
  return perplexity ?? Number.NaN;
}

const asked = (teacher: Teacher) => async (inputs: NamedArrays) => (await teacher.ask(inputs))['logits'] as NdArray;

/** Texts with a rhythm of their own, as they come; one is ended in its middle, as by someone who has read enough. */
async function write(student: Student, alphabet: string, trainer: Trainer) {
  const rates: number[] = [];
  for (let seed = 0; seed <= WRITTEN; seed++) {
    let [text, tokens] = ['', 0];
    const startedAt = performance.now();
    const writing = { prompt: '\n', alphabet, temperature: 0.7, topP: 0.95, maxTokens: 60, seed, trainer };
    for await (const token of generate(student, writing)) {
      text += token.text;
      tokens++;
    }
    // The first one has the model to build.
    if (seed > 0) rates.push((1000 * tokens) / (performance.now() - startedAt));
    if (seed <= 2) say(`the student writes: ${text.split('\n')[0]}`);
  }
  const enough = new AbortController();
  let seen = 0;
  try {
    const writing = { prompt: '\n', alphabet, maxTokens: 60, signal: enough.signal, trainer };
    for await (const _ of generate(student, writing)) if (++seen === 5) enough.abort();
    throw new Error('It went on writing after it had been aborted.');
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    say(`ended after ${seen} characters: AbortError`);
  }
  return rates.sort((a, b) => a - b)[rates.length >> 1] as number;
}

/** What `run` taught last, for beginnings of one's own. */
let written: { readonly author: Student; readonly student: Student; readonly alphabet: string } | undefined;

/** How teacher and student go on from a text. */
async function answer(text: string): Promise<Answered> {
  if (written === undefined) throw new Error('There is no student yet.');
  const { author, student, alphabet } = written;
  const prompt = `\n${text.toLowerCase()}`;
  const writes = async (model: Student) => {
    let line = '';
    for await (const token of generate(model, { prompt, alphabet, temperature: 0.7, topP: 0.95, maxTokens: 60 })) {
      if (token.text === '\n') break;
      line += token.text;
    }
    return [`${text}${line}`];
  };
  return [
    { who: 'Teacher', says: await writes(author) },
    { who: 'Student', says: await writes(student) },
  ];
}

/**
 * A student that begins as the teacher without some of its blocks, as its control does: what the answers add is seen where texts
 * are few. Of 2,000 development perplexity was 4.79 with them and 5.15 without (teacher 4.64); of 4,000 it was 4.80 and 4.76.
 * Source    Sanh et al. 2019 (DistilBERT), arXiv:1910.01108, §3
 */
async function beginAs(author: Student, student: DecoderOptions, kept: readonly number[]): Promise<Student> {
  const weights = await toSafetensors(author);
  // In each block layers of a kind have numbers of their own, counted through the model.
  const keys = (name: string) => {
    const [, kind = '', number = '', weight = ''] = /^(norm|attention|dense)_(\d+)(\/.*)$/.exec(name) ?? [];
    if (kind === '') return undefined;
    const each = kind === 'attention' ? 1 : 2;
    const [block, place] = [Math.floor((Number(number) - 1) / each), (Number(number) - 1) % each];
    // Behind the blocks there is one more norm.
    return `${kind}_${(kept[block] ?? BLOCKS) * each + place + 1}${weight}`;
  };
  return fromSafetensors(weights, { into: decoder(student), keys, unused: 'ignore' });
}

async function run(settings: Settings = {}) {
  const { scored = 'test', seeds = [0, 1, 2], teacherEpochs = 3, epochs = 10, batchSize = 16 } = settings;
  const { teacherRate = 3e-3, learningRate = 3e-3, temperature = 1, taught = 0.9, kept = [0, 2] } = settings;
  const startedAt = performance.now();
  const { alphabet, length, texts } = (await (await fileOf('data/texts.json')).json()) as Texts;
  const size = { length, vocabulary: alphabet.length, width: 96, heads: 4, hidden: 256 };
  const small = { ...size, blocks: kept.length };
  const of = (split: Split) => fromTokens(texts[split], { alphabet, length });
  const [unseen, holdout] = [of(scored), of('validation')];
  await using trainer = await openTrainer();
  const shared = { ...RECIPE, batchSize, holdout };
  const ofTeacher = {
    ...shared,
    trainer,
    student: decoder({ ...size, blocks: BLOCKS }),
    data: of('teacher'),
    loss: perToken(crossEntropy()),
    epochs: teacherEpochs,
    optimizer: { learningRate: teacherRate },
    seed: 0,
  };
  const author = await trainStudent('teacher', ofTeacher, perplexityOfEpoch);
  await using teacher = await loadTeacher(await toOnnx(author), { name: 'decoder' }).done;
  say(`teacher after ${((performance.now() - startedAt) / 1000).toFixed(0)} s, on ${teacher.description.device}`);
  const teacherValue = await perplexityOf(unseen, asked(teacher));
  const mixed = weighted([
    { loss: softTargets({ temperature }), weight: taught },
    { loss: crossEntropy(), weight: 1 - taught },
  ]);
  const both = await learnBoth(seeds, async ({ isControl, seed, name, train }) => {
    const from = performance.now();
    const own = {
      ...shared,
      data: of('student'),
      student: await beginAs(author, small, kept),
      ...(isControl ? { loss: perToken(crossEntropy()) } : { teacher, loss: perToken(mixed) }),
      epochs,
      optimizer: { learningRate },
    };
    const student = await train(own, perplexityOfEpoch);
    const file = await toOnnx(student);
    if (!isControl && seed === seeds[0]) offer('definitions.onnx', file);
    await using opened = await loadTeacher(file, { name }).done;
    const value = await perplexityOf(unseen, asked(opened));
    say(`${name}: ${value.toFixed(3)}, ${((performance.now() - from) / 1000).toFixed(0)} s`);
    return { student, value, bytes: file.byteLength };
  });
  const [first] = both.student;
  if (first) written = { author, student: first.student, alphabet };
  const tokensPerSecond = await write(first?.student as Student, alphabet, trainer);
  return {
    teacher: `decoder of ${BLOCKS} blocks, ${size.width} wide, from ${texts.teacher.length} other glosses`,
    student: `decoder of ${kept.length} of these blocks`,
    control: `the same beginning and ${texts.student.length} glosses, without the teacher's answers`,
    metric: METRIC,
    better: 'lower',
    teacherValue,
    ...overSeeds(both, ({ value }) => value),
    studentBytes: first?.bytes ?? Number.NaN,
    msPerExample: 1000 / tokensPerSecond,
    ms: performance.now() - startedAt,
    tokensPerSecond,
  };
}

openTask({ run, answer });
