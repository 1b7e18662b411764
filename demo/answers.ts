import { cachedTeacher, openStore, type Store, type Teacher } from 'limbeck';

/** The teacher's answers and speed, kept in this browser: another run over the same digits does not ask it again. */
export interface KeptAnswers {
  readonly store: Store | undefined;
  /** The same teacher, asked only for answers that are not kept. `teacher` stays its owner's. */
  over(teacher: Teacher): Promise<Teacher>;
  /** Stores how long the teacher takes, or returns what was stored. */
  rememberTimes(teacher: Teacher, times: TeacherTimes): Promise<void>;
  times(teacher: Teacher): Promise<TeacherTimes | undefined>;
  close(): Promise<void>;
}

/** Milliseconds per example by batch size, and when they were measured. */
export interface TeacherTimes {
  readonly msPerExample: Readonly<Record<string, number>>;
  readonly measuredAt: string;
}

/** Room for some hundred thousand answers of ten numbers. */
const BUDGET_BYTES = 64e6;

const timesKey = ({ description }: Teacher) => `times/${description.identity}/${description.threads}.json`;

/** Opens what earlier runs left; `fresh` deletes it. Without a store nothing is kept. */
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
