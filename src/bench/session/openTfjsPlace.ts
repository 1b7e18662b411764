import { LimbeckError } from '../../core/errors.ts';
import { countOf } from '../../core/figures.ts';
import type { BackendOptions, StockBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import { openStockWasm } from '../../runtime/backends/wasm.ts';
import { openWebGl } from '../../runtime/backends/webgl.ts';
import * as tf from '../../runtime/tf.ts';
import type { OpenWork, TfjsPlace } from './task.ts';

/** A backend of tfjs on this thread, as an open task tells of it. */
export type OpenPlace = Pick<OpenWork, 'threads' | 'simdLevel' | 'notices' | 'heapBytes' | 'sessionBytes'> & {
  close(): Promise<void>;
};

/**
 * Opens exactly this backend; none that would take its place.
 * Throws    backend-unavailable · wasm-blocked · out-of-memory
 */
export async function openTfjsPlace(place: TfjsPlace, assetBase: string | undefined): Promise<OpenPlace> {
  const { engine, threads, simdLevel } = place;
  const assets = assetBase !== undefined && { assetBase };
  if (engine === 'wasm') return withThreads(ofStock(await openStockWasm(threads, assetBase)), threads);
  if (engine === 'webgl') return ofStock(await openWebGl(assetBase));
  if (engine === 'kernels') return openAs({ threads, ...(simdLevel && { simdLevel }), ...assets });
  return openAs({ backend: engine, ...assets });
}

async function openAs(options: BackendOptions): Promise<OpenPlace> {
  const opened = await openBackendHere(options);
  const { backend, hasKernels, threads, simdLevel, notices } = opened.description;
  const { backend: wanted = 'wasm' } = options;
  if (backend !== wanted || hasKernels !== (wanted === 'wasm')) {
    await opened.dispose();
    throw new LimbeckError('backend-unavailable', notices.join(' ') || `tfjs opened "${backend}".`);
  }
  // That tfjs's cpu backend is slow is what its row shows.
  const told = wanted === 'cpu' ? [] : notices;
  return { ...ofStock(opened), threads, ...(hasKernels && { simdLevel }), notices: told };
}

/** It is named by what was asked for, as tfjs does not take what it is given. */
function withThreads(place: OpenPlace, asked: number): OpenPlace {
  const notice = `tfjs computes on ${countOf(place.threads, 'thread')}: it takes half of the cores at most.`;
  return { ...place, threads: asked, notices: place.threads < asked ? [notice] : [] };
}

function ofStock({ threads = 1, heapBytes, dispose }: StockBackend): OpenPlace {
  return {
    threads,
    notices: [],
    heapBytes: () => heapBytes() || undefined,
    sessionBytes: () => tf.memory().numBytes,
    close: async () => dispose(),
  };
}
