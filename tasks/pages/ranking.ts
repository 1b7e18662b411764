// On the page: BM25 answers lists, a two-tower student learns its order, and both search all documents.
import {
  crossEntropy,
  fromFunction,
  fromLists,
  hashTokens,
  listNet,
  loadStudent,
  type NamedArrays,
  type NdArray,
  normalizedGainOf,
  type Student,
  toOnnx,
  towerOf,
  twoTower,
} from 'limbeck';
// @ts-expect-error it has no types
import openBm25 from 'wink-bm25-text-search';
import { type Answered, fileOf, learnBoth, meanOf, offer, openTask, overSeeds, say } from './tools.ts';

interface Query {
  readonly text: string;
  /** The number of the entry that it was made of. */
  readonly answer: number;
}

type Split = 'train' | 'development' | 'test';

interface Search {
  readonly documents: readonly string[];
  readonly queries: Readonly<Record<Split, readonly Query[]>>;
  /** Words that no query has. */
  readonly common: readonly string[];
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

/** Scores of all documents by a student for one query [1, length] at a time. */
interface StudentSearch extends AsyncDisposable {
  scoresOf(query: NdArray): Promise<Float32Array>;
}

/** Each tower opened by itself; the documents are asked once. */
async function openSearch(student: Student, documents: NdArray): Promise<StudentSearch> {
  const count = documents.shape[0] as number;
  const vectors = await vectorsOf(student, documents);
  const width = vectors.shape.at(-1) as number;
  const forQueries = await loadStudent(await towerOf(student, 'queryVector'));
  return {
    async scoresOf(tokens) {
      const { outputs } = await forQueries.predict({ query: tokens });
      const query = (outputs['logits'] as NdArray).data;
      return Float32Array.from({ length: count }, (_, d) => {
        let product = 0;
        for (let f = 0; f < width; f++) product += (query[f] as number) * (vectors.data[d * width + f] as number);
        return product;
      });
    },
    [Symbol.asyncDispose]: () => forQueries[Symbol.asyncDispose](),
  };
}

async function vectorsOf(student: Student, documents: NdArray): Promise<NdArray> {
  const forDocuments = await loadStudent(await towerOf(student, 'candidateVectors'));
  try {
    // A list as long as those of the training at a time; the last one is filled up with nothing.
    const lists = Math.ceil((documents.shape[0] as number) / CANDIDATES);
    const tokens = new Int32Array(lists * CANDIDATES * LENGTH);
    tokens.set(documents.data);
    const listed = { data: tokens, shape: [lists, CANDIDATES, LENGTH] };
    return (await forDocuments.predict({ candidates: listed })).outputs['logits'] as NdArray;
  } finally {
    await forDocuments[Symbol.asyncDispose]();
  }
}

/** What a student finds for queries, one at a time, as they are typed. */
async function searched(search: StudentSearch, documents: number, queries: NdArray) {
  const [count = 0, length = 0] = queries.shape;
  const scores = new Float32Array(count * documents);
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) {
    const data = queries.data.slice(i * length, (i + 1) * length);
    scores.set(await search.scoresOf({ data, shape: [1, length] }), i * documents);
  }
  return { scores, msPerQuery: (performance.now() - startedAt) / count };
}

/** What `run` taught last, for queries of one's own. */
let taught: { student: StudentSearch; bm25: (text: string) => Float32Array; vocabulary: number } | undefined;
let [entries, common]: [readonly string[], ReadonlySet<string>] = [[], new Set()];

const SHOWN = 5;

async function answer(text: string): Promise<Answered> {
  if (taught === undefined) throw new Error('There is no student yet.');
  const { student, bm25, vocabulary } = taught;
  const query = wordsOf(text)
    .filter((word) => word.length > 2 && !common.has(word))
    .join(' ');
  const first = (scores: Float32Array) =>
    [...scores.keys()]
      .sort((a, b) => (scores[b] as number) - (scores[a] as number))
      .slice(0, SHOWN)
      .map((place) => entries[place] as string);
  return [
    { who: 'Teacher, BM25', says: first(bm25(query)) },
    { who: 'Student', says: first(await student.scoresOf(hashTokens([query], { vocabulary, length: LENGTH }))) },
  ];
}

async function run(settings: Settings = {}) {
  const { scored = 'test', seeds = [0, 1, 2], epochs = 10, learningRate = 0.01, softness = 2 } = settings;
  const { vocabulary = 2048, width = 48, judged = 300 } = settings;
  const startedAt = performance.now();
  const { documents, queries, ...more } = (await (await fileOf('data/search.json')).json()) as Search;
  await taught?.student[Symbol.asyncDispose]();
  [taught, entries, common] = [undefined, documents, new Set(more.common)];
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

  const student = () =>
    twoTower({
      queryLength: LENGTH,
      candidateLength: LENGTH,
      vocabulary,
      candidates: CANDIDATES,
      width,
    });
  const { student: students, control: controls } = await learnBoth(seeds, ({ isControl, train }) => {
    const given = isControl
      ? {
          data: judgedData,
          loss: crossEntropy({ output: 'scores' }),
          epochs: Math.round((epochs * data.size) / judgedData.size),
        }
      : { data, teacher, loss: listNet(), epochs };
    return train({
      student: student(),
      batchSize: 32,
      optimizer: { learningRate },
      ...given,
    });
  });

  const asked = queries[scored].map(({ text }) => bm25(text));
  const all = new Float32Array(asked.length * documents.length);
  for (const [i, scores] of asked.entries()) all.set(scores, i * documents.length);
  const teacherValue = gainOf(all, queries[scored], documents.length);
  say(`BM25: ${teacherValue.toFixed(4)}, ${queries.train.length} queries to learn from`);
  const judgedOf = async (name: string, models: readonly Student[]) => {
    const found = [];
    for (const [i, model] of models.entries()) {
      const search = await openSearch(model, documentTokens);
      const { scores, msPerQuery } = await searched(search, documents.length, scoredTokens);
      if (name === 'student' && i === 0) taught = { student: search, bm25, vocabulary };
      else await search[Symbol.asyncDispose]();
      const gain = gainOf(scores, queries[scored], documents.length);
      say(`${name} ${seeds[i]}: ${gain.toFixed(4)}, ${msPerQuery.toFixed(2)} ms a query`);
      found.push({ gain, msPerQuery });
    }
    return found;
  };
  const found = { student: await judgedOf('student', students), control: await judgedOf('control', controls) };
  const query = await toOnnx(await towerOf(students[0] as Student, 'queryVector'));
  offer('search-queries.onnx', query);
  return {
    teacher: 'BM25 (wink-bm25-text-search)',
    student: `twoTower, ${vocabulary} hashed words of ${width} numbers`,
    control: `the right entry of ${judged} queries`,
    metric: METRIC,
    better: 'higher',
    teacherValue,
    ...overSeeds(found, ({ gain }) => gain),
    studentBytes: query.byteLength,
    msPerExample: meanOf(found.student.map(({ msPerQuery }) => msPerQuery)),
    ms: performance.now() - startedAt,
  };
}

openTask({ run, answer });
