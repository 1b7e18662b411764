// A language model that writes in the worker of the page's trainer, and on the page.
import {
  crossEntropy,
  decoder,
  distill,
  fromTokens,
  type GenerateOptions,
  generate,
  generateTexts,
  perToken,
  recurrentDecoder,
  releaseTrainer,
  type Student,
} from 'limbeck';

const alphabet = '\nabcdefgh';
const SIZE = { length: 16, vocabulary: alphabet.length, width: 16 };
/** Each goes on where it begins: after a comes b, after h the end. */
const TEXTS = ['abcdefgh', 'bcdefgh', 'cdefgh', 'defgh'].map((text) => `\n${text}\n`);
const HERE = { worker: 'none' } as const;

const made = new Map<string, Promise<Student>>();

const DESIGNS = {
  decoder: () => decoder({ ...SIZE, heads: 2, hidden: 32, blocks: 1 }),
  recurrentDecoder: () => recurrentDecoder({ ...SIZE, units: 24, layers: 1 }),
};
type Design = keyof typeof DESIGNS;

async function learn(design: Design): Promise<Student> {
  const student = DESIGNS[design]();
  const texts = Array.from({ length: 16 }, () => TEXTS).flat();
  await distill({
    student,
    data: fromTokens(texts, { alphabet, length: SIZE.length }),
    loss: perToken(crossEntropy()),
    epochs: 20,
    batchSize: 16,
    optimizer: { learningRate: 0.01 },
    seed: 1,
  }).done;
  return student;
}

const authorOf = (design: Design) => {
  const author = made.get(design) ?? learn(design);
  made.set(design, author);
  return author;
};

async function textOf(author: Student, options: Partial<GenerateOptions>): Promise<string> {
  let text = '';
  for await (const token of generate(author, { prompt: '\n', alphabet, maxTokens: 12, ...options })) text += token.text;
  return text;
}

const testPage = {
  /** Likeliest texts after two beginnings, and drawn ones by seed: in the worker, and on the page. */
  async writes(design: Design) {
    const author = await authorOf(design);
    const likeliest = await textOf(author, { prompt: '\nc', temperature: 0, end: '\n' });
    const drawn = (seed: number, trainer?: GenerateOptions['trainer']) =>
      textOf(author, { temperature: 1.5, topP: 0.95, seed, ...(trainer && { trainer }) });
    const seeds = [1, 2, 3, 4];
    const inWorker = await Promise.all(seeds.map((seed) => drawn(seed)));
    const again = await Promise.all(seeds.map((seed) => drawn(seed)));
    const here: string[] = [];
    for (const seed of seeds) here.push(await drawn(seed, HERE));
    const all = await generateTexts(author, { prompts: ['\na', '\nd'], alphabet, temperature: 0, end: '\n' }).done;
    return { likeliest, inWorker, again, here, texts: all.map(({ text }) => text) };
  },

  /** One is aborted, one left; afterwards the worker writes as before. */
  async ends(design: Design) {
    const author = await authorOf(design);
    const before = await textOf(author, { temperature: 0 });
    const stop = new AbortController();
    let [seen, name] = [0, ''];
    try {
      const long = { prompt: '\n', alphabet, maxTokens: 1_000_000, signal: stop.signal };
      for await (const _ of generate(author, long)) if (++seen === 3) stop.abort();
    } catch (error) {
      name = (error as Error).name;
    }
    let left = 0;
    for await (const _ of generate(author, { prompt: '\n', alphabet, maxTokens: 1_000_000 })) if (++left === 3) break;
    return { seen, name, left, isSame: (await textOf(author, { temperature: 0 })) === before };
  },

  release: releaseTrainer,
};

declare global {
  interface Window {
    generatePage: typeof testPage;
  }
}
window.generatePage = testPage;
