// The page of benchmarks/method.mjs: comparisons of a thing with itself and with a slower copy of it, and backends that lie.
import {
  type BenchBackend,
  benchBackend,
  benchmark,
  compareRounds,
  measureSubjects,
  mlp,
  type Subject,
  summarize,
} from 'limbeck';
import type { MethodRequest, MethodTask } from './methodWorker.ts';
import { subjectOf, workerSide } from './sides.ts';

/** One comparison: of two workers with the same task, or with one that is slower. */
interface Trial {
  readonly task: Omit<MethodTask, 'slowdown'>;
  readonly slowdown: number;
  readonly budgetMs: number;
  readonly seed: number;
}

async function open(task: MethodTask): Promise<Subject> {
  const side = workerSide('/methodWorker.js');
  const threads = await side.ask<number>({ ask: 'open', task } satisfies MethodRequest);
  return { ...subjectOf(side, { ask: 'time' }), threads };
}

/** How the second worker compares with the first, and how long it took to know. */
async function compare({ task, slowdown, budgetMs, seed }: Trial) {
  const began = performance.now();
  const subjects: { key: string; subject: Subject }[] = [];
  try {
    const both = [
      { key: 'a', slowdown: 0 },
      { key: 'b', slowdown },
    ];
    // Which is opened first must not matter, and would not show if it were always the same.
    for (const { key, slowdown: own } of seed % 2 === 0 ? both : both.reverse()) {
      subjects.push({ key, subject: await open({ ...task, slowdown: own }) });
    }
    const measured = await measureSubjects(subjects, { budgetMs: budgetMs - (performance.now() - began), seed });
    const [a, b] = ['a', 'b'].map((key) => {
      const one = measured.get(key);
      if (one === undefined || one.failure !== undefined) throw new Error(`${key} failed: ${one?.failure}`);
      return summarize(one);
    }) as [ReturnType<typeof summarize>, ReturnType<typeof summarize>];
    return {
      ...compareRounds(b.roundsMs, a.roundsMs),
      medianMs: [a.medianMs, b.medianMs],
      spreadFraction: a.spreadFraction,
      rounds: a.roundsMs.length,
      ms: performance.now() - began,
      notices: [...new Set([...a.notices, ...b.notices])],
    };
  } finally {
    for (const { subject } of subjects) subject.kill();
  }
}

type Numbers = Awaited<ReturnType<Subject['answer']>>;

const changed = (arrays: Numbers, change: (x: number) => number): Numbers =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [
      name,
      { data: Float32Array.from(data as ArrayLike<number>, change), shape },
    ]),
  );

/** What is done to a subject after its first turns. */
function midway(subject: Subject, then: () => Promise<never>): Partial<Subject> {
  let turns = 0;
  return { time: (...given) => (++turns > 20 ? then() : subject.time(...given)) };
}

/** Ways to be wrong, each on a backend that is right otherwise. */
const WRONGS: Readonly<Record<string, (subject: Subject) => Partial<Subject>>> = {
  'wrong numbers': (subject) => ({ answer: async (which) => changed(await subject.answer(which), (x) => 1.1 * x) }),
  NaN: (subject) => ({ answer: async (which) => changed(await subject.answer(which), () => Number.NaN) }),
  'stale numbers': (subject) => ({ answer: () => subject.answer(0) }),
  'wrong after the timing': (subject) => {
    let isTimed = false;
    return {
      time(...given) {
        isTimed = true;
        return subject.time(...given);
      },
      answer: async (which) => changed(await subject.answer(which), (x) => (isTimed ? x + 1 : x)),
    };
  },
  'throws midway': (subject) => midway(subject, () => Promise.reject(new Error('It broke midway.'))),
  hangs: (subject) => midway(subject, () => new Promise(() => undefined)),
};

/** Why the report says that the backend is no good, and whether the honest one beside it kept its row. */
async function refuse(wrong: string) {
  const honest = await benchBackend('kernels:1');
  const liar: BenchBackend = {
    ...honest,
    name: 'liar',
    async open(...given) {
      const subject = await honest.open(...given);
      return { ...subject, ...WRONGS[wrong]?.(subject) };
    },
  };
  const { rows } = await benchmark({
    models: [{ name: 'mlp', student: mlp() }],
    workloads: ['inference'],
    backends: [honest, liar],
    budgetMs: 8000,
  }).done;
  const [good, bad] = ['kernels', 'liar'].map((name) => rows.find(({ backend }) => backend === name));
  return { wrong, isRefused: bad?.isRight === false, why: bad?.skipped, isHonestKept: good?.isRight === true };
}

Object.assign(globalThis, { bench: { compare, refuse, wrongs: () => Object.keys(WRONGS) } });
