import { abortError, LimbeckError, messageOf } from '../core/errors.ts';

/** Where a model's bytes come from. A string is an address. */
export type ModelSource = string | URL | Request | Uint8Array | ArrayBuffer | Blob;

export interface ModelBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether these bytes belong to limbeck alone, so that they may move to a worker. */
  readonly isOwned: boolean;
}

/**
 * Reads a model as a stream, so that progress can be told and the download stopped.
 * Throws    model-unreachable: no answer, or an answer that is not ok · AbortError
 */
export async function fetchModel(
  source: ModelSource,
  onProgress: (loadedBytes: number, totalBytes: number | undefined) => void,
  signal?: AbortSignal,
): Promise<ModelBytes> {
  if (source instanceof Uint8Array) return { name: 'model.onnx', bytes: source, isOwned: false };
  if (source instanceof ArrayBuffer) return { name: 'model.onnx', bytes: new Uint8Array(source), isOwned: false };
  if (source instanceof Blob) {
    const name = source instanceof File ? source.name : 'model.onnx';
    return { name, bytes: await readAll(source.stream(), source.size, onProgress, signal), isOwned: true };
  }
  const url = source instanceof Request ? source.url : String(source);
  try {
    const response = await fetch(source, { signal });
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
    const length = Number(response.headers.get('content-length'));
    const isEncoded = response.headers.get('content-encoding') !== null;
    const total = length > 0 && !isEncoded ? length : undefined;
    const stream = response.body ?? new Blob([await response.arrayBuffer()]).stream();
    const bytes = await readAll(stream, total, onProgress, signal);
    return { name: url.split(/[?#]/)[0]?.split('/').pop() || 'model.onnx', bytes, isOwned: true };
  } catch (error) {
    if (signal?.aborted) throw abortError(signal.reason);
    throw new LimbeckError('model-unreachable', `The model at ${url} could not be loaded: ${messageOf(error)}.`, {
      details: { url },
      cause: error,
    });
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  total: number | undefined,
  onProgress: (loadedBytes: number, totalBytes: number | undefined) => void,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (signal?.aborted) {
      await reader.cancel();
      throw abortError(signal.reason);
    }
    parts.push(part.value as Uint8Array<ArrayBuffer>);
    loaded += part.value.length;
    onProgress(loaded, total);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
