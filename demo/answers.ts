import { cachedTeacher, openStore, type Store, type Teacher } from 'limbeck';

/** What the teacher said and how fast it was, in this browser: another run over the same digits asks it nothing. */
export interface KeptAnswers {
  readonly store: Store | undefined;
  /** The same teacher, asked only for what is not kept. It leaves `teacher` to its owner. */
  over(teacher: Teacher): Promise<Teacher>;
  /** Remembers how long the teacher takes, or says what was remembered. */
  rememberTimes(teacher: Teacher, times: TeacherTimes): Promise<void>;
  times(teacher: Teacher): Promise<TeacherTimes | undefined>;
  close(): Promise<void>;
}

/** Milliseconds an example by batch size, and when that was measured. */
export interface TeacherTimes {
  readonly msPerExample: Readonly<Record<string, number>>;
  readonly measuredAt: string;
}

/** Room for some hundred thousand answers of ten numbers. */
const BUDGET_BYTES = 64e6;

const timesKey = ({ description }: Teacher) => `times/${description.identity}/${description.threads}.json`;

/** Opens what earlier runs left; `fresh` forgets it. Where the browser has no store, nothing is kept. */
export async function openAnswers(fresh: 'no' | 'yes'): Promise<KeptAnswers> {
  const store = await openStore('limbeck-demo-answers').catch(() => undefined);
  if (store !== undefined && fresh === 'yes') {
    for (const key of await store.keys()) await store.delete(key);
  }
  return {
    store,
    async over(teacher) {
      if (store === undefined) return teacher;
      return cachedTeacher(teacher, store, { precision: 'float32', budgetBytes: BUDGET_BYTES });
    },
    async rememberTimes(teacher, times) {
      // A full store is no reason to lose the run.
      await store?.put(timesKey(teacher), new TextEncoder().encode(JSON.stringify(times))).catch(() => undefined);
    },
    async times(teacher) {
      const bytes = await store?.get(timesKey(teacher));
      return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as TeacherTimes);
    },
    async close() {
      await store?.[Symbol.asyncDispose]();
    },
  };
}
