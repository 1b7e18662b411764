// What was measured once is not measured again: by model and device, in the store, or as long as the page lives.
import { sha256 } from '../../core/hash.ts';
import type { Store } from '../../storage/store.ts';
import { canonicalJson } from '../onnxIdentity.ts';
import type { SessionDevice } from './sessionSettings.ts';

/** What came out of measuring. */
export interface TunedPlace {
  readonly device: SessionDevice;
  readonly batchSize: number;
  /** The figures, in a sentence or two. */
  readonly why: string;
}

export interface TuneMemory {
  recall(): Promise<TunedPlace | undefined>;
  remember(place: TunedPlace): Promise<void>;
}

/** Another layout of what is kept, or another choice of devices, needs another number. */
const FORMAT = 2;

const pageMemory = new Map<string, TunedPlace>();

/** The memory for one model, as it is to run, on this browser and device. A store that fails is as good as none. */
export async function tuneMemory(model: object, gpuName: string, store: Store | undefined): Promise<TuneMemory> {
  const { userAgent = '', hardwareConcurrency = 1 } = (globalThis.navigator as Navigator | undefined) ?? {};
  const device = { userAgent, hardwareConcurrency, gpuName, isIsolated: globalThis.crossOriginIsolated === true };
  const hash = await sha256(new TextEncoder().encode(canonicalJson({ FORMAT, model, device })));
  const key = `teacher-tuning/${hash}`;
  return {
    async recall() {
      const here = pageMemory.get(key);
      if (here !== undefined || store === undefined) return here;
      try {
        const bytes = await store.get(key);
        return bytes && parsePlace(new TextDecoder().decode(bytes));
      } catch {
        return undefined;
      }
    },
    async remember(place) {
      pageMemory.set(key, place);
      await store?.put(key, new TextEncoder().encode(JSON.stringify(place))).catch(() => undefined);
    },
  };
}

function parsePlace(text: string): TunedPlace | undefined {
  const { device, batchSize, why } = JSON.parse(text) as Partial<TunedPlace>;
  const isDevice = device === 'wasm' || device === 'kernels' || device === 'webgpu' || device === 'webnn';
  const isSize = Number.isInteger(batchSize) && (batchSize as number) > 0;
  return isDevice && isSize && typeof why === 'string' ? { device, batchSize: batchSize as number, why } : undefined;
}
