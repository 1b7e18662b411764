import { LimbeckError } from '../core/errors.ts';
import { seededRandom } from '../core/random.ts';
import { pickRows } from '../core/rows.ts';
import { count, given, type OptionsOf, schema } from '../core/schema.ts';
import { dtypeOf, type NdArray, ndArray } from '../core/shape.ts';
import { type Dataset, type InputSpec, type LabelledDataset, UNLABELLED } from './dataset.ts';
import { makeDataset } from './makeDataset.ts';

const OPTIONS = schema('fromLists', {
  /** Candidates of every list. Longer lists are cut, shorter ones filled up with documents drawn at random. Default 16. */
  candidates: count(2)(16),
  /** Which documents fill lists up. Default 0. */
  seed: count(0)(0),
  /** How relevant each document of a list is, in the order of the list, 0 or more. Those that fill a list up have 0. */
  grades: given<readonly ArrayLike<number>[]>(),
});

/** How long lists become, and what is known of them. */
export interface ListsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset of rankings: queries, each with its list of documents, which are held once however many lists they are in.
 *
 * An example has the inputs of `twoTower`, 'query' and 'candidates', and what a teacher may want to know: 'queryNumber' and
 * 'candidateNumbers' count queries and documents from 0, and 'grades' are those that were given. With grades it is labelled:
 * a label is the place of the most relevant candidate, −1 where none is relevant.
 * Shapes    queries [Q, …], documents [D, …], Q lists → query [Q, …], candidates [Q, N, …], queryNumber [Q, 1],
 *           candidateNumbers [Q, N], grades [Q, N]
 * Units     as given; numbers are int32, grades float32
 * Throws    invalid-option · shape-mismatch: not a list, or not its grades, for each query; fewer documents than candidates ·
 *           empty-list: a query without a document
 *
 * @example
 * const queries = hashTokens(['a big cat', 'water from the sky'], { length: 32 });
 * const documents = hashTokens(['lion: a large cat', 'rain: water that falls', 'tea: a hot drink'], { length: 64 });
 * const data = fromLists(queries, documents, [[0, 2], [1]], { candidates: 3 });
 */
export function fromLists(
  queries: NdArray,
  documents: NdArray,
  lists: readonly ArrayLike<number>[],
  options: ListsOptions & { readonly grades: readonly ArrayLike<number>[] },
): LabelledDataset;
export function fromLists(
  queries: NdArray,
  documents: NdArray,
  lists: readonly ArrayLike<number>[],
  options?: ListsOptions,
): Dataset;
export function fromLists(
  queries: NdArray,
  documents: NdArray,
  lists: readonly ArrayLike<number>[],
  options: ListsOptions = {},
): Dataset {
  const { candidates, seed, grades } = OPTIONS.read(options);
  const [query, document] = [queries, documents].map(({ data, shape }) => ndArray(data, shape)) as [NdArray, NdArray];
  const [size = 0, available = 0] = [query.shape[0], document.shape[0]];
  checkCounts(size, lists, grades);
  if (available < candidates) {
    throw new LimbeckError(
      'shape-mismatch',
      `Lists of ${candidates} candidates need as many documents; given ${available}. Set "candidates" to ${available} or less.`,
      { details: { candidates, documents: available } },
    );
  }
  const chosen = new Int32Array(size * candidates);
  const relevance = new Float32Array(size * candidates);
  const random = seededRandom(seed);
  for (const [i, list] of lists.entries()) {
    const own = checkList(Array.from(list), i, available).slice(0, candidates);
    relevance.set(Array.from(grades?.[i] ?? []).slice(0, candidates), i * candidates);
    const taken = new Set(own);
    while (taken.size < candidates) taken.add(Math.floor(random() * available));
    chosen.set([...taken], i * candidates);
  }
  const parts = {
    queryNumber: { data: Int32Array.from({ length: size }, (_, i) => i), shape: [size, 1] },
    candidateNumbers: { data: chosen, shape: [size, candidates] },
    ...(grades && { grades: { data: relevance, shape: [size, candidates] } }),
  };
  const spec = ({ data, shape }: NdArray): InputSpec => ({ shape: shape.slice(1), dtype: dtypeOf(data) });
  const inputs: Record<string, InputSpec> = {
    query: spec(query),
    candidates: { shape: [candidates, ...document.shape.slice(1)], dtype: dtypeOf(document.data) },
    ...Object.fromEntries(Object.entries(parts).map(([name, array]) => [name, spec(array)])),
  };
  const readInputs = async (indices: Int32Array) => {
    const places = pickRows(parts.candidateNumbers, indices).data as Int32Array;
    const { data } = pickRows(document, places);
    return {
      query: pickRows(query, indices),
      candidates: { data, shape: [indices.length, candidates, ...document.shape.slice(1)] },
      ...Object.fromEntries(Object.entries(parts).map(([name, array]) => [name, pickRows(array, indices)])),
    };
  };
  return makeDataset({ size, noun: 'queries', inputs, readInputs }, grades && labelsOf(relevance, candidates));
}

/** The place of the most relevant candidate of each list, the first of equal ones. */
function labelsOf(relevance: Float32Array, candidates: number): number[] {
  return Array.from({ length: relevance.length / candidates }, (_, list) => {
    const grades = relevance.subarray(list * candidates, (list + 1) * candidates);
    const most = grades.reduce((a, b) => Math.max(a, b), 0);
    return most > 0 ? grades.indexOf(most) : UNLABELLED;
  });
}

/** Throws    shape-mismatch · invalid-option: grades below 0 */
function checkCounts(
  size: number,
  lists: readonly ArrayLike<number>[],
  grades: readonly ArrayLike<number>[] | undefined,
): void {
  if (lists.length !== size) {
    throw new LimbeckError('shape-mismatch', `There are ${size} queries and ${lists.length} lists. Give one for each.`);
  }
  if (grades !== undefined && grades.length !== size) {
    throw new LimbeckError(
      'shape-mismatch',
      `There are ${size} lists and grades of ${grades.length}. Give some for each.`,
    );
  }
  const odd = grades === undefined ? -1 : lists.findIndex((list, i) => grades[i]?.length !== list.length);
  if (odd >= 0) {
    throw new LimbeckError(
      'shape-mismatch',
      `"grades" must hold a number for each document of each list; list ${odd} has ${lists[odd]?.length} documents and ` +
        `${grades?.[odd]?.length} grades.`,
      { details: { list: odd } },
    );
  }
  const negative =
    grades?.findIndex((list) => !Array.from(list).every((grade) => Number.isFinite(grade) && grade >= 0)) ?? -1;
  if (negative < 0) return;
  throw new LimbeckError('invalid-option', `The grades of list ${negative} are not all numbers of 0 or more.`, {
    details: { list: negative },
  });
}

/** Throws    empty-list · invalid-option: a document that is not there, or there twice */
function checkList(list: readonly number[], i: number, available: number): readonly number[] {
  if (list.length === 0) {
    throw new LimbeckError(
      'empty-list',
      `The list of query ${i} has no document. Leave the query out, or give it the documents that it should be compared with.`,
      { details: { list: i } },
    );
  }
  const wrong = list.find((at) => !(Number.isInteger(at) && at >= 0 && at < available));
  if (wrong === undefined && new Set(list).size === list.length) return list;
  const why = wrong === undefined ? 'one of them twice' : `${wrong}, and there are ${available} documents`;
  throw new LimbeckError(
    'invalid-option',
    `The list of query ${i} names documents by their numbers; it names ${why}.`,
    {
      details: { list: i },
    },
  );
}
