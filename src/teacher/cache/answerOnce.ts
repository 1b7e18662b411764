import { throwIfAborted, untilAborted } from '../../core/errors.ts';
import { pickRowsOfAll } from '../../core/rows.ts';
import { firstNonFinite, type NamedArrays, sizeOf } from '../../core/shape.ts';
import { takeTurns } from '../../core/turns.ts';
import type { Teacher, TeacherDescription, TeacherUsage } from '../teacher.ts';
import type { ChunkStore } from './chunkStore.ts';
import { hashExamples } from './hashExamples.ts';
import {
  decodeRow,
  emptyOutputs,
  encodeRow,
  exactly,
  isSameOutputs,
  type Layout,
  layoutOf,
  type Row,
  rowBytesOf,
} from './layout.ts';
import type { CachePrecision } from './precision.ts';

type Rows = Map<string, Row>;

/** Asks a teacher only about examples whose answer is neither kept nor pending. */
export interface AnswerOnce {
  ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays>;
  usage(): TeacherUsage;
}

export function answerOnce(
  teacher: Teacher,
  chunks: ChunkStore,
  {
    precision,
    secret,
    onNotice,
  }: {
    readonly precision: CachePrecision;
    readonly secret?: () => Promise<Uint8Array<ArrayBuffer>>;
    readonly onNotice: (sentence: string) => void;
  },
): AnswerOnce {
  /** Pending answers; undefined if the question failed. */
  const pending = new Map<string, Promise<Rows | undefined>>();
  const used = { calls: 0, computed: 0, found: 0 };
  let lastLayout: Layout | undefined;

  async function compute(inputs: NamedArrays, count: number, signal?: AbortSignal): Promise<NamedArrays> {
    const outputs = await teacher.ask(inputs, signal);
    used.calls++;
    used.computed += count;
    return outputs;
  }

  async function ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays> {
    const count = countOf(inputs, teacher.description.inputs);
    // The teacher itself refuses what is no batch of examples.
    if (count === undefined || count === 0) {
      const outputs = await compute(inputs, 0, signal);
      if (count === undefined) onNotice('Answers are not kept where an input has not one row an example.');
      return outputs;
    }
    const keys = await hashExamples(inputs, count, await secret?.());
    const rows: Rows = new Map();
    let computed = 0;
    for (let missing = distinct(keys); missing.length > 0; missing = missing.filter((key) => !rows.has(key))) {
      throwIfAborted(signal);
      const known: string[] = [];
      const awaited: Promise<Rows | undefined>[] = [];
      const open: string[] = [];
      for (const key of missing) {
        const underway = pending.get(key);
        if (chunks.has(key)) known.push(key);
        else if (underway === undefined) open.push(key);
        else if (!awaited.includes(underway)) awaited.push(underway);
      }
      const asked = open.length === 0 ? [] : [claim(open, inputs, keys, signal)];
      computed += open.length;
      const parts = await Promise.all([
        chunks.read(known),
        ...asked,
        ...awaited.map((one) => untilAborted(one, signal)),
      ]);
      for (const part of parts) {
        for (const key of missing) {
          const row = part?.get(key);
          if (row !== undefined) rows.set(key, row);
        }
      }
    }
    const layout = (rows.get(keys[0] as string) as Row).layout;
    if (!keys.every((key) => isSameOutputs(layout, (rows.get(key) as Row).layout))) {
      // Answers of different shapes make no batch; asked together, they have the same.
      return compute(inputs, count, signal);
    }
    used.found += count - computed;
    return decode(keys, rows, layout);
  }

  /** Asks the teacher about some examples; others who want them wait for this. */
  function claim(
    open: readonly string[],
    inputs: NamedArrays,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<Rows> {
    const answering = answer(open, inputs, keys, signal).finally(() => {
      for (const key of open) pending.delete(key);
    });
    const shared = answering.catch(() => undefined);
    for (const key of open) pending.set(key, shared);
    return answering;
  }

  async function answer(
    open: readonly string[],
    inputs: NamedArrays,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<Rows> {
    const isAll = open.length === keys.length;
    const places = new Map(keys.map((key, example) => [key, example]));
    const batch = isAll
      ? inputs
      : pickRowsOfAll(
          inputs,
          Int32Array.from(open, (key) => places.get(key) as number),
        );
    const outputs = await compute(batch, open.length, signal);
    const fresh = layoutOf(outputs, open.length, precision);
    if (lastLayout === undefined || JSON.stringify(lastLayout) !== JSON.stringify(fresh)) lastLayout = fresh;
    return keep(outputs, open, lastLayout);
  }

  /** NaN may be a fault of the device: such an answer is passed on but not kept. */
  async function keep(outputs: NamedArrays, keys: readonly string[], layout: Layout): Promise<Rows> {
    const rows: Rows = new Map();
    const isAllFinite = Object.values(outputs).every(({ data }) => firstNonFinite(data) === -1);
    const exact = exactly(layout);
    const turn = takeTurns();
    let cut = 0;
    for (const [example, key] of keys.entries()) {
      const isSound = isAllFinite || isFiniteExample(outputs, example, keys.length);
      const kept = isSound ? layout : exact;
      const row = { layout: kept, bytes: new Uint8Array(rowBytesOf(kept)) };
      cut += encodeRow(outputs, example, kept, row.bytes);
      rows.set(key, row);
      if (isSound) await chunks.add(key, row);
      await turn();
    }
    if (cut > 0) onNotice('Some answers were cut to what 16 bits hold, ±65,504. Keep them as float32.');
    if (!isAllFinite) onNotice('Some answers hold values that are no finite number; those are not kept.');
    return rows;
  }

  return { ask, usage: () => ({ ...used }) };
}

async function decode(keys: readonly string[], rows: Rows, layout: Layout): Promise<NamedArrays> {
  const outputs = emptyOutputs(layout, keys.length);
  const turn = takeTurns();
  for (const [example, key] of keys.entries()) {
    const row = rows.get(key) as Row;
    decodeRow(row, outputs, example);
    await turn();
  }
  return outputs;
}

/**
 * The number of examples, or undefined where the inputs do not agree on it: a table that is as long as a batch by chance
 * is declared by another first length than rows are.
 */
function countOf(inputs: NamedArrays, declared: TeacherDescription['inputs']): number | undefined {
  const names = Object.keys(inputs).filter((name) => Object.hasOwn(declared, name) && declared[name]?.length !== 0);
  if (new Set(names.map((name) => declared[name]?.[0])).size > 1) return undefined;
  const arrays = Object.values(inputs);
  const count = arrays[0]?.shape[0];
  const isBatch = arrays.every(({ data, shape }) => shape[0] === count && data.length === sizeOf(shape));
  return isBatch ? count : undefined;
}

function distinct(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}

function isFiniteExample(outputs: NamedArrays, example: number, count: number): boolean {
  return Object.values(outputs).every(({ data }) => {
    const length = data.length / count;
    return firstNonFinite(data.subarray(example * length, (example + 1) * length)) === -1;
  });
}
