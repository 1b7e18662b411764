import { LimbeckError, messageOf, throwIfAborted } from '../core/errors.ts';

/** The bytes at an address. Throws    model-unreachable · AbortError */
export async function fetchFile(url: string | URL, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  throwIfAborted(signal);
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throwIfAborted(signal);
    throw new LimbeckError(
      'model-unreachable',
      `The file ${String(url)} could not be fetched (${messageOf(error)}). Check its address, and CORS if it lies on another origin.`,
      { details: { url: String(url) }, cause: error },
    );
  }
}
