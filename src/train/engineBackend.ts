import { LimbeckError } from '../core/errors.ts';
import type { BackendDescription, BackendOptions, OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';

/** The tfjs backend that an engine works on. */
export interface EngineBackend {
  /** Throws what `openBackendHere` throws. */
  open(options: BackendOptions): Promise<BackendDescription>;
  /**
   * Makes sure the backend can be trusted. If a thread died, it opens a new one with one thread less; if a kernels job broke
   * off on this thread, with as many. A prediction during a training keeps the current one, which holds the student's
   * weights.
   * Throws    disposed: none was opened
   */
  require(isAside: boolean): Promise<void>;
  current(): OpenBackend | undefined;
  /** Whether the caller said how many threads compute, so that each step takes them. */
  hasGivenThreads(): boolean;
  /** Throws    thread-died: one of its threads was lost, or its work broke off */
  requireWhole(): void;
  /** Reported with the next run's events. */
  readonly notices: string[];
  close(): Promise<void>;
}

export function openEngineBackend(): EngineBackend {
  let backend: OpenBackend | undefined;
  let options: BackendOptions | undefined;
  const notices: string[] = [];
  const close = async () => {
    await backend?.dispose();
    backend = undefined;
  };
  return {
    async open(given) {
      await close();
      options = undefined;
      backend = await openBackendHere(given);
      options = given;
      return backend.description;
    },
    async require(isAside) {
      if (options === undefined) throw new LimbeckError('disposed', 'The engine is not open. Open a trainer first.');
      const { threads } = backend?.description ?? {};
      const damage = isAside ? undefined : backend?.damage?.();
      // On a heap of its own, because the lost thread may still write to the old one.
      if (damage !== undefined) await close();
      if (damage === 'dead-thread' && threads !== undefined) {
        options = { ...options, threads: threads - 1 };
        notices.push(`One of ${threads} threads died, so training goes on with ${threads - 1}.`);
      }
      backend ??= await openBackendHere(options);
    },
    current: () => backend,
    hasGivenThreads: () => options?.threads !== undefined,
    requireWhole() {
      if (backend?.damage?.() === undefined) return;
      throw new LimbeckError(
        'thread-died',
        'The common work of the threads broke off over an answer beside this training, which ends with the weights of its last ' +
          'step. Start again.',
      );
    },
    notices,
    async close() {
      await close();
      options = undefined;
    },
  };
}
