// What a benchmark compares, workers or processes beside the browser, timed by the method of `benchmark()`: by turns, warm, in an
// order that is drawn anew.
import { type Comparison, compareRounds, type Measured, measureSubjects, type Subject, summarize } from 'limbeck';

/** Answers one question at a time. */
export interface Side {
  ask<Answer>(request: object): Promise<Answer>;
  /** Ends it at once; later questions are refused. */
  end(): void;
}

/** A worker whose script answers by `answerQuestions`. */
export function workerSide(script: string): Side {
  const worker = new Worker(script, { type: 'module' });
  return endable(
    (request) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => ('error' in data ? reject(new Error(data.error)) : resolve(data.result));
        worker.onerror = ({ message }) => reject(new Error(message || 'The worker did not load.'));
        worker.postMessage(request);
      }),
    () => worker.terminate(),
  );
}

/** What the script that opened this page asks for it, under a name. */
export function besideSide(name: string): Side {
  const { askBeside } = globalThis as unknown as { askBeside: (name: string, request: object) => Promise<unknown> };
  // Its process ends with that script.
  return endable(
    (request) => askBeside(name, request),
    () => undefined,
  );
}

function endable(ask: (request: object) => Promise<unknown>, end: () => void): Side {
  let isEnded = false;
  return {
    async ask<Answer>(request: object) {
      if (isEnded) throw new Error('It gave no answer before, and was ended.');
      return (await ask(request)) as Answer;
    },
    end() {
      isEnded = true;
      end();
    },
  };
}

/** What is timed of a side: it is sent `request` with the number of figures, and of passes in each. */
export function subjectOf(side: Side, request: object): Subject {
  return {
    threads: 1,
    notices: [],
    time: (figures, together) => side.ask({ ...request, figures, together }),
    answer: async () => ({}),
    kill: side.end,
    [Symbol.asyncDispose]: async () => side.end(),
  };
}

/** What a row of a result file has of a subject. */
export interface Figures {
  readonly medianMs: number;
  /** In which the median lies with 95 % confidence. */
  readonly intervalMs: readonly [low: number, high: number];
  /** The lowest and the highest median of a run. */
  readonly runsMs: readonly [lowest: number, highest: number];
  readonly p90Ms: number;
  readonly passes: number;
  /** How it compares with the first subject, in the rounds that both had. */
  readonly toFirst: Comparison;
  readonly notices?: readonly string[];
}

export interface RunSettings {
  /** Milliseconds of a run for each subject. */
  readonly eachMs: number;
  readonly runs: number;
  /** What takes its turn after each run, because it is no pass that could be repeated many times. */
  readonly afterRun?: () => Promise<void>;
}

/** Measures the subjects in several runs, each with a warm-up; what fails is left out of the next ones, and its row says why. */
export async function measureRuns(
  subjects: readonly { readonly key: string; readonly subject: Subject }[],
  { eachMs, runs, afterRun }: RunSettings,
): Promise<Record<string, Figures | { readonly skipped: string }>> {
  const known = new Map(subjects.map(({ key }) => [key, [] as Measured[]]));
  const failureOf = (key: string) => known.get(key)?.find(({ failure }) => failure !== undefined)?.failure;
  for (let run = 0; run < runs; run++) {
    const alive = subjects.filter(({ key }) => failureOf(key) === undefined);
    const measured = await measureSubjects(alive, { budgetMs: eachMs * alive.length, seed: run + 1 });
    for (const [key, one] of measured) known.get(key)?.push(one);
    await afterRun?.();
  }
  const [first] = subjects;
  const firstMs = first === undefined ? [] : summaryOf(known.get(first.key) ?? []).roundsMs;
  return Object.fromEntries(
    subjects.map(({ key }) => {
      const skipped = failureOf(key);
      return [key, skipped === undefined ? figuresOf(known.get(key) ?? [], firstMs) : { skipped }];
    }),
  );
}

function figuresOf(runs: readonly Measured[], firstMs: readonly number[]): Figures {
  const { medianMs, intervalMs, p90Ms, runs: passes, roundsMs, notices } = summaryOf(runs);
  const medians = runs.map((run) => summarize(run).medianMs);
  return {
    ...{ medianMs, intervalMs, p90Ms, passes },
    runsMs: [Math.min(...medians), Math.max(...medians)],
    toFirst: compareRounds(roundsMs, firstMs),
    ...(notices.length > 0 && { notices }),
  };
}

/** The rounds of all runs together. */
function summaryOf(runs: readonly Measured[]) {
  return summarize({
    rounds: runs.flatMap(({ rounds }) => rounds),
    warmUps: runs.reduce((sum, { warmUps }) => sum + warmUps, 0),
    notices: [...new Set(runs.flatMap(({ notices }) => notices))],
  });
}
