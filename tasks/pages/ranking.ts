// On the page: BM25 answers lists, a two-tower student learns its order, and both search all documents.
import {
  crossEntropy,
  distill,
  fromFunction,
  fromLists,
  hashTokens,
  type Loss,
  listNet,
  loadStudent,
  type NamedArrays,
  type NdArray,
  normalizedGainOf,
  openTrainer,
  type Student,
  toOnnx,
  towerOf,
  twoTower,
} from 'limbeck';
// @ts-expect-error it has no types
import openBm25 from 'wink-bm25-text-search';

declare const say: (text: string) => void;

interface Query {
  readonly text: string;
  /** The number of the entry that it was made of. */
  readonly answer: number;
}

type Split = 'train' | 'development' | 'test';

interface Search {
  readonly documents: readonly string[];
  readonly queries: Readonly<Record<Split, readonly Query[]>>;
}

interface Settings {
  /** What the figures are of: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly seeds?: readonly number[];
  readonly epochs?: number;
  readonly learningRate?: number;
  /** What the teacher's scores are divided by. */
  readonly softness?: number;
  /** Different hashed words, and the length of their vectors. */
  readonly vocabulary?: number;
  readonly width?: number;
  /** Training queries whose answer the control knows. */
  readonly judged?: number;
}

/** Hashed words of an entry or a query: the longest entry has as many. */
const LENGTH = 24;
const CANDIDATES = 16;
const METRIC = 'NDCG@10 of unseen queries among all entries';

const wordsOf = (text: string) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Scores of all documents for a query, by BM25. */
function bm25Over(documents: readonly string[]): (text: string) => Float32Array {
  const engine = openBm25();
  engine.defineConfig({ fldWeights: { text: 1 } });
  engine.definePrepTasks([wordsOf]);
  for (const [i, text] of documents.entries()) engine.addDoc({ text }, i);
  engine.consolidate();
  return (text) => {
    const scores = new Float32Array(documents.length);
    for (const [id, score] of engine.search(text, documents.length) as [string, number][]) scores[Number(id)] = score;
    return scores;
  };
}

/** NDCG of scores [Q, D], where one document of each query is right. */
function gainOf(scores: Float32Array, queries: readonly Query[], documents: number): number {
  const shape = [queries.length, documents];
  const grades = new Float32Array(scores.length);
  for (const [i, { answer }] of queries.entries()) grades[i * documents + answer] = 1;
  return normalizedGainOf().compute({ student: { data: scores, shape }, teacher: { data: grades, shape } });
}

/** What a student finds: each tower opened by itself, documents once and queries one at a time, as they are typed. */
async function searched(student: Student, documents: NdArray, queries: NdArray, count: number) {
  const [forQueries, forDocuments] = [
    await loadStudent(await towerOf(student, 'queryVector')),
    await loadStudent(await towerOf(student, 'candidateVectors')),
  ];
  try {
    // A list as long as those of the training at a time; the last one is filled up with nothing.
    const lists = Math.ceil((documents.shape[0] as number) / CANDIDATES);
    const tokens = new Int32Array(lists * CANDIDATES * LENGTH);
    tokens.set(documents.data);
    const listed = { data: tokens, shape: [lists, CANDIDATES, LENGTH] };
    const vectors = (await forDocuments.predict({ candidates: listed })).outputs['logits'] as NdArray;
    const width = vectors.shape.at(-1) as number;
    const length = queries.shape[1] as number;
    const scores = new Float32Array(count * (documents.shape[0] as number));
    const startedAt = performance.now();
    for (let i = 0; i < count; i++) {
      const data = queries.data.slice(i * length, (i + 1) * length);
      const { outputs } = await forQueries.predict({ query: { data, shape: [1, length] } });
      const query = (outputs['logits'] as NdArray).data;
      for (let d = 0; d < (documents.shape[0] as number); d++) {
        let product = 0;
        for (let f = 0; f < width; f++) product += (query[f] as number) * (vectors.data[d * width + f] as number);
        scores[i * (documents.shape[0] as number) + d] = product;
      }
    }
    return { scores, msPerQuery: (performance.now() - startedAt) / count };
  } finally {
    await forQueries[Symbol.asyncDispose]();
    await forDocuments[Symbol.asyncDispose]();
  }
}

async function run(settings: Settings = {}) {
  const { scored = 'test', seeds = [0, 1, 2], epochs = 20, learningRate = 0.01, softness = 2 } = settings;
  const { vocabulary = 2048, width = 48, judged = 300 } = settings;
  const startedAt = performance.now();
  const { documents, queries } = (await (await fetch('./search.json')).json()) as Search;
  const bm25 = bm25Over(documents);
  const teach = queries.train.map(({ text }) => bm25(text));
  const hashed = (texts: readonly string[]) => hashTokens(texts, { vocabulary, length: LENGTH });
  const [documentTokens, trainTokens, scoredTokens] = [
    hashed(documents),
    hashed(queries.train.map(({ text }) => text)),
    hashed(queries[scored].map(({ text }) => text)),
  ];

  /** The half of a list that the teacher finds; the other half is drawn. */
  const best = teach.map((scores) =>
    [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number)).slice(0, CANDIDATES / 2),
  );
  const data = fromLists(trainTokens, documentTokens, best, { candidates: CANDIDATES });
  const teacher = fromFunction(
    ({ queryNumber, candidateNumbers }: NamedArrays) => {
      const { data: places, shape } = candidateNumbers as NdArray;
      const scoreAt = (place: number, at: number) => {
        const query = (queryNumber as NdArray).data[Math.floor(at / CANDIDATES)] as number;
        return (teach[query]?.[place] as number) / softness;
      };
      return { scores: { data: Float32Array.from(places, scoreAt), shape } };
    },
    { name: 'BM25' },
  );
  // Where people have judged: lists of the right document and drawn ones.
  const known = queries.train.slice(0, judged);
  const judgedData = fromLists(
    { data: trainTokens.data.slice(0, judged * LENGTH), shape: [judged, LENGTH] },
    documentTokens,
    known.map(({ answer }) => [answer]),
    { candidates: CANDIDATES, grades: known.map(() => [1]) },
  );

  const trainer = await openTrainer();
  const student = () =>
    twoTower({
      queryLength: LENGTH,
      candidateLength: LENGTH,
      vocabulary,
      candidates: CANDIDATES,
      width,
    });
  const learned = async (loss: Loss, isControl: boolean, seed: number) => {
    const given = isControl
      ? { data: judgedData, epochs: Math.round((epochs * data.size) / judgedData.size) }
      : { data, teacher, epochs };
    const { student: trained } = await distill({
      student: student(),
      loss,
      batchSize: 32,
      optimizer: { learningRate },
      seed,
      trainer,
      ...given,
    }).done;
    const { scores, msPerQuery } = await searched(trained, documentTokens, scoredTokens, queries[scored].length);
    const gain = gainOf(scores, queries[scored], documents.length);
    say(`${isControl ? 'control' : 'student'}, seed ${seed}: ${gain.toFixed(4)}, ${msPerQuery.toFixed(2)} ms a query`);
    return { gain, msPerQuery, trained };
  };
  try {
    const asked = queries[scored].map(({ text }) => bm25(text));
    const all = new Float32Array(asked.length * documents.length);
    for (const [i, scores] of asked.entries()) all.set(scores, i * documents.length);
    const teacherValue = gainOf(all, queries[scored], documents.length);
    say(`BM25: ${teacherValue.toFixed(4)}, ${queries.train.length} queries to learn from`);
    const students = [];
    const controls = [];
    for (const seed of seeds) {
      students.push(await learned(listNet(), false, seed));
      controls.push(await learned(crossEntropy({ output: 'scores' }), true, seed));
    }
    const [first] = students;
    const query = await toOnnx(await towerOf(first?.trained as Student, 'queryVector'));
    return {
      teacher: 'BM25 (wink-bm25-text-search)',
      student: `twoTower, ${vocabulary} hashed words of ${width} numbers`,
      control: `the right entry of ${judged} queries`,
      metric: METRIC,
      teacherValue,
      studentValue: meanOf(students.map(({ gain }) => gain)),
      controlValue: meanOf(controls.map(({ gain }) => gain)),
      studentBytes: query.byteLength,
      msPerExample: meanOf(students.map(({ msPerQuery }) => msPerQuery)),
      ms: performance.now() - startedAt,
      seeds: { student: students.map(({ gain }) => gain), control: controls.map(({ gain }) => gain) },
    };
  } finally {
    await trainer[Symbol.asyncDispose]();
  }
}

(globalThis as unknown as { task: { run: typeof run } }).task = { run };
