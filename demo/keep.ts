import { openStore, type Store, type StudentFiles } from 'limbeck';
import type { JobReport, JobResult } from './jobReport.ts';

/** The last student and its report, in this browser. Without a store it keeps nothing. */
export interface Keep {
  readonly kind: Store['kind'] | undefined;
  readonly why: string;
  /** Throws the store's errors, such as store-full. */
  save(result: JobResult): Promise<void>;
  load(): Promise<JobResult | undefined>;
  clear(): Promise<void>;
}

const KEYS = { report: 'last/report.json', model: 'last/model.json', weights: 'last/weights.bin' } as const;

export async function openKeep(): Promise<Keep> {
  try {
    return keepIn(await openStore('limbeck-demo'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: undefined, why, save: async () => {}, load: async () => undefined, clear: async () => {} };
  }
}

function keepIn(store: Store): Keep {
  const clear = async () => {
    // The report goes first: without it the rest is not found.
    for (const key of Object.values(KEYS)) await store.delete(key);
  };
  return {
    kind: store.kind,
    why: store.why,
    clear,
    async save({ report, files }) {
      const encoder = new TextEncoder();
      await clear();
      await store.put(KEYS.model, encoder.encode(files['model.json']));
      await store.put(KEYS.weights, files['weights.bin']);
      await store.put(KEYS.report, encoder.encode(JSON.stringify(report)));
    },
    async load() {
      const [report, model, weights] = await Promise.all([
        store.get(KEYS.report),
        store.get(KEYS.model),
        store.get(KEYS.weights),
      ]);
      if (report === undefined || model === undefined || weights === undefined) return undefined;
      const decoder = new TextDecoder();
      const files: StudentFiles = { 'model.json': decoder.decode(model), 'weights.bin': weights };
      return { report: JSON.parse(decoder.decode(report)) as JobReport, files };
    },
  };
}
