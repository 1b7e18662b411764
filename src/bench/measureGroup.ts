import { abortError, messageOf, throwIfAborted } from '../core/errors.ts';
import { bestBatch } from './bestBatch.ts';
import { inTime } from './inTime.ts';
import type { Measured } from './method/measured.ts';
import { measureSubjects } from './method/measureSubjects.ts';
import { summarize } from './method/summarize.ts';
import { openReferences, type Reference } from './reference.ts';
import type { BenchRow } from './report.ts';
import { requireQuick } from './requireQuick.ts';
import type { BenchBackend, BenchModel, Subject } from './subject.ts';
import type { Workload } from './workload.ts';

/** What is measured side by side: one workload with one model on several backends. */
export interface Group {
  readonly workload: Workload;
  readonly model: BenchModel;
  readonly backends: readonly BenchBackend[];
  /** Examples in a pass; 'best' is looked for, for each backend. */
  readonly batch: number | 'best';
}

/** What came of it. */
export interface GroupResult {
  readonly rows: readonly BenchRow[];
  /** Why no backend could even be judged. */
  readonly failure?: unknown;
}

interface GroupSettings {
  readonly budgetMs: number;
  readonly mostRounds?: number | undefined;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Told about every second what is known so far, and how much of the budget is used. */
  onRows(rows: readonly BenchRow[], doneFraction: number): void;
}

/** One backend's part, from its opening to its row. */
interface Candidate {
  readonly key: string;
  readonly backend: BenchBackend;
  batch: number;
  subject?: Subject;
  skipped?: string;
  /** Left out of the row of one that failed in another way. */
  errorFraction?: number;
  isWrong?: boolean;
  bytes?: { readonly peakBytes?: number | undefined; readonly sessionBytes?: number | undefined };
  notices: readonly string[];
}

/** Answers are asked for these, before the timing and, the other way round, after it. */
const WHICH = [0, 1] as const;
/** A worker that opens no model, or gives no answer, for so long hangs. */
const HANGS_MS = 30_000;
const END_MS = 12_000;
const TELL_MS = 1000;
/** Of the budget, for looking for the best batches. */
const SEARCH_SHARE = 1 / 3;

/**
 * The rows of a group. A backend that does not open, is wrong, throws or hangs costs its own row only. Nothing stays open, and what
 * hangs is ended.
 * Throws    AbortError
 */
export async function measureGroup(group: Group, settings: GroupSettings): Promise<GroupResult> {
  const { workload, model, backends } = group;
  const { budgetMs, mostRounds, seed, signal } = settings;
  const began = performance.now();
  // Opening and checking may take long on a device that is slow or busy; half of the budget is for timing in any case.
  const leftMs = () => Math.max(budgetMs / 2, budgetMs - (performance.now() - began));
  const batch = group.batch === 'best' ? 1 : group.batch;
  const candidates = backends.map((backend, i): Candidate => ({ key: `${i}`, backend, batch, notices: [] }));
  const alive = () => candidates.filter(({ skipped }) => skipped === undefined);
  let measured: ReadonlyMap<string, Measured> = new Map();
  const rows = () => candidates.map((one) => rowOf(one, group, measured.get(one.key)));
  const references = openReferences(workload, model, { budgetMs, signal });
  try {
    try {
      await references(batch);
    } catch (failure) {
      throwIfAborted(signal);
      for (const candidate of candidates) candidate.skipped = messageOf(failure);
      return { rows: rows(), failure };
    }
    for (const candidate of candidates) {
      await trying(candidate, signal, async () => {
        const asking = candidate.backend.obstacle(workload.name, model);
        const obstacle = await inTime(asking, { ms: HANGS_MS, signal });
        if (obstacle !== undefined) throw new Error(obstacle);
      });
    }
    for (const candidate of alive()) {
      await trying(candidate, signal, async () => {
        if (group.batch === 'best') {
          candidate.batch = await bestBatch((size) => open(candidate, size, group, signal), {
            ...{ signal, budgetMs: (SEARCH_SHARE * budgetMs) / candidates.length },
          });
        }
        const reference = await references(candidate.batch);
        const subject = await open(candidate, candidate.batch, group, signal);
        candidate.subject = subject;
        candidate.notices = [...subject.notices, ...reference.notices];
        // First, because what is too slow for its share is also slow to judge.
        const shareMs = leftMs() / alive().length;
        await requireQuick(subject, shareMs, candidate.backend.isOnGpu ? HANGS_MS : shareMs, signal);
        await judge(candidate, workload, reference, WHICH, signal);
      });
    }
    measured = await measureSubjects(
      alive().map(({ key, subject }) => ({ key, subject: subject as Subject })),
      {
        ...{ seed, signal, mostRounds, budgetMs: leftMs() },
        onRound: aboutEverySecond((soFar, doneFraction) => {
          measured = soFar;
          settings.onRows(rows(), doneFraction);
        }),
      },
    );
    for (const candidate of alive()) {
      const { failure } = measured.get(candidate.key) ?? {};
      await trying(candidate, signal, async () => {
        if (failure !== undefined) throw new Error(failure);
        await judge(candidate, workload, await references(candidate.batch), [...WHICH].reverse(), signal);
        const { subject } = candidate;
        candidate.bytes = { peakBytes: await subject?.peakBytes?.(), sessionBytes: await subject?.sessionBytes?.() };
      });
    }
    return { rows: rows() };
  } finally {
    await Promise.all(candidates.map((candidate) => end(candidate, signal.aborted)));
  }
}

/** Summing up takes longer than a short round does. */
function aboutEverySecond<Given extends readonly unknown[]>(tell: (...given: Given) => void) {
  let toldAt = performance.now();
  return (...given: Given) => {
    if (performance.now() - toldAt < TELL_MS) return;
    tell(...given);
    toldAt = performance.now();
  };
}

/** What fails costs this candidate only, and nothing of it stays open. Throws    AbortError */
async function trying(candidate: Candidate, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    throwIfAborted(signal);
    await work();
  } catch (error) {
    if (signal.aborted) throw abortError(signal.reason);
    candidate.skipped = messageOf(error);
    await end(candidate, false);
  }
}

async function open(
  { backend }: Candidate,
  batch: number,
  { workload, model }: Group,
  signal: AbortSignal,
): Promise<Subject> {
  const opening = async (own: AbortSignal) => {
    const subject = await backend.open(workload.name, model, batch, own);
    // One that opens all the same is not wanted any more.
    if (own.aborted) subject.kill();
    return subject;
  };
  return inTime(opening, { ms: HANGS_MS, signal });
}

/** Throws    Error: its numbers are not the reference's · what `answer` throws */
async function judge(
  candidate: Candidate,
  workload: Workload,
  { answers }: Reference,
  which: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const subject = candidate.subject as Subject;
  for (const at of which) {
    const given = await inTime(subject.answer(at), { ms: HANGS_MS, signal, onLate: subject.kill });
    const expected = answers[at] as Reference['answers'][number];
    const { errorFraction, wrong } = workload.check(expected, given);
    if (!(errorFraction <= (candidate.errorFraction ?? -1))) candidate.errorFraction = errorFraction;
    if (wrong === undefined) continue;
    candidate.isWrong = true;
    const isStale = answers.some((other) => other !== expected && workload.check(other, given).wrong === undefined);
    throw new Error(
      isStale
        ? 'It gives wrong numbers: those of another input, which it was asked for before.'
        : `It gives wrong numbers: ${wrong}.`,
    );
  }
}

async function end({ subject }: Candidate, isAborted: boolean): Promise<void> {
  if (subject === undefined) return;
  if (isAborted) return subject.kill();
  const ending = async () => subject[Symbol.asyncDispose]();
  await inTime(ending(), { ms: END_MS, onLate: subject.kill }).catch(() => undefined);
}

function rowOf(candidate: Candidate, { workload, model }: Group, measured: Measured | undefined): BenchRow {
  const { backend, batch, subject, skipped, errorFraction, isWrong = false, bytes } = candidate;
  const isMeasured = skipped === undefined && measured !== undefined;
  const figures = summarize(isMeasured ? measured : { rounds: [], warmUps: 0, notices: [] });
  const simdLevel = subject?.simdLevel ?? backend.simdLevel;
  return {
    workload: workload.name,
    model: model.name,
    backend: backend.name,
    threads: subject?.threads ?? backend.threads,
    ...(simdLevel && { simdLevel }),
    batch,
    ...figures,
    examplesPerSecond: (batch * 1000) / figures.medianMs,
    ...(bytes?.peakBytes !== undefined && { peakBytes: bytes.peakBytes }),
    ...(bytes?.sessionBytes !== undefined && { sessionBytes: bytes.sessionBytes }),
    isRight: skipped === undefined,
    ...(errorFraction !== undefined && (isWrong || skipped === undefined) && { errorFraction }),
    ...(skipped !== undefined && { skipped }),
    notices: [...candidate.notices, ...figures.notices],
  };
}
