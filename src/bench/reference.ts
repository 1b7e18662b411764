import { LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { inTime } from './inTime.ts';
import { benchBackend } from './namedBackends.ts';
import type { BenchModel } from './subject.ts';
import type { Workload } from './workload.ts';

/** What all backends must agree with: its answers for two inputs. */
export interface Reference {
  readonly answers: readonly NamedArrays[];
  /** What a reader should know of it. */
  readonly notices: readonly string[];
}

/** It may take this share of the budget, and this long in any case. */
const SHARE = 0.3;
const LEAST_MS = 30_000;

/** The references of a workload by batch, each asked once. Throws what `referenceFor` throws */
export function openReferences(
  workload: Workload,
  model: BenchModel,
  limits: { readonly budgetMs: number; readonly signal: AbortSignal },
): (batch: number) => Promise<Reference> {
  const known = new Map<number, Promise<Reference>>();
  return (batch) => {
    const asked = known.get(batch) ?? referenceFor(workload, model, batch, limits);
    known.set(batch, asked);
    return asked;
  };
}

/**
 * Asks the first backend that answers in time. Throws    backend-unavailable: none of them did, so that nobody could tell right from
 * wrong · what reading the model throws · AbortError
 */
async function referenceFor(
  workload: Workload,
  model: BenchModel,
  batch: number,
  { budgetMs, signal }: { readonly budgetMs: number; readonly signal: AbortSignal },
): Promise<Reference> {
  const failures: { readonly name: string; readonly why: string; readonly error?: unknown }[] = [];
  for (const name of workload.references(model)) {
    const backend = await benchBackend(name);
    const obstacle = await backend.obstacle(workload.name, model);
    if (obstacle !== undefined) {
      failures.push({ name, why: obstacle });
      continue;
    }
    const work = async (own: AbortSignal) => {
      const subject = await backend.open(workload.name, model, batch, own);
      own.addEventListener('abort', () => subject.kill(), { once: true });
      try {
        throwIfAborted(own);
        return [await subject.answer(0), await subject.answer(1)];
      } finally {
        if (own.aborted) subject.kill();
        else await subject[Symbol.asyncDispose]();
      }
    };
    try {
      const answers = await inTime(work, { ms: Math.max(LEAST_MS, SHARE * budgetMs), signal });
      return { answers, notices: noticesOf(workload, name, answers, failures) };
    } catch (error) {
      throwIfAborted(signal);
      failures.push({ name, why: messageOf(error), error });
    }
  }
  const [first] = failures;
  // A file or student that cannot be read is the caller's to hear of, as it is.
  if (first?.error instanceof LimbeckError && first.error.code !== 'backend-unavailable') throw first.error;
  throw new LimbeckError(
    'backend-unavailable',
    `There is no reference for "${model.name}", by which right numbers could be told from wrong ones: ` +
      failures.map(({ name, why }) => `${name}: ${why}`).join(' '),
    { details: { model: model.name, workload: workload.name }, cause: first?.error },
  );
}

function noticesOf(
  workload: Workload,
  name: string,
  [first, second]: readonly NamedArrays[],
  failures: readonly { readonly name: string; readonly why: string }[],
): string[] {
  const other = failures.map(
    (one) => `Numbers are compared with those of ${name}, because ${one.name} gave none: ${one.why}`,
  );
  const isBlind = workload.check(first as NamedArrays, second as NamedArrays).wrong === undefined;
  const blind = 'Different inputs give the same numbers here, so stale ones would not be noticed.';
  return [...other.slice(0, 1), ...(isBlind ? [blind] : [])];
}
