import { LimbeckError } from '../../core/errors.ts';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import type { SimdLevel } from '../../runtime/capabilities.ts';
import { currentKernels, type InstalledKernels } from '../../runtime/kernels/install.ts';

/** The kernels of this thread, for as long as a model needs them. */
export interface KernelsLease {
  /** The kernels; undefined if other code removed them. */
  kernels(): InstalledKernels | undefined;
  readonly threads: number;
  /** Unknown where a trainer's kernels are shared. */
  readonly simdLevel?: SimdLevel;
  readonly notices: readonly string[];
  /** Resolves when its threads have ended, unless another model needs them. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly threads?: number;
  readonly simdLevel?: SimdLevel | undefined;
  readonly assetBase?: string;
}

let users = 0;
let opening: Promise<OpenBackend> | undefined;
/** Until it resolves, kernels that are about to end are still present. */
let closing: Promise<void> | undefined;

/**
 * Starts tfjs's wasm backend with the kernels on this thread, or shares a running one.
 * Throws    backend-unavailable · out-of-memory
 */
export async function leaseKernels(options: LeaseOptions): Promise<KernelsLease> {
  while (closing !== undefined) await closing;
  const others = users === 0 ? currentKernels() : undefined;
  if (others !== undefined) {
    // It belongs to a trainer on this thread, so it is not closed here.
    return { kernels: currentKernels, threads: others.threads, notices: [], release: async () => undefined };
  }
  users++;
  const { threads, simdLevel, assetBase } = options;
  opening ??= openBackendHere({ threads, simdLevel, assetBase });
  try {
    const { description } = await opening;
    if (!description.hasKernels || currentKernels() === undefined) {
      throw new LimbeckError(
        'backend-unavailable',
        `The kernels did not start: ${description.notices.join(' ') || 'another backend of tfjs is at work here.'}`,
      );
    }
    let released: Promise<void> | undefined;
    return {
      kernels: currentKernels,
      threads: description.threads,
      simdLevel: description.simdLevel,
      notices: description.notices,
      release() {
        released ??= giveBack();
        return released;
      },
    };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

async function giveBack(): Promise<void> {
  users--;
  if (users > 0) return;
  const last = opening;
  opening = undefined;
  const ending = last?.then((backend) => backend.dispose()).catch(() => undefined);
  const over: Promise<void> | undefined = ending?.then(() => {
    if (closing === over) closing = undefined;
  });
  closing = over;
  await over;
}
