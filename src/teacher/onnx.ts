import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { later } from '../core/later.ts';
import { type Run, startRun } from '../core/run.ts';
import { fetchModel, type ModelBytes } from './load/fetchModel.ts';
import type { ModelSource } from './load/fetchModelSource.ts';
import { checkLoadOptions, type LoadTeacherOptions } from './onnxOptions.ts';
import type { ModelFiles } from './session/sessionSettings.ts';
import type { Teacher } from './teacher.ts';

/** Events of loading: bytes as they arrive, then that the model is being opened. */
export type LoadEvent =
  | { readonly type: 'load'; readonly loadedBytes: number; readonly totalBytes: number | undefined }
  | { readonly type: 'open'; readonly bytes: number }
  | { readonly type: 'notice'; readonly message: string };

/**
 * Loads an ONNX model as a teacher, in a worker of its own. If several devices are available, they are measured on the first
 * batch, for a second or so; a model that is too slow for that makes one pass on each engine. The best batch size is learned
 * from the batches that are asked: `nextBatchSize` gives the size of the next one. Both results are kept in `store`. If its
 * worker or its GPU fails, the teacher continues elsewhere and reports it (`watch`).
 * Throws    model-unreachable · integrity-mismatch · invalid-onnx · unknown-tensor · unknown-output ·
 *           worker-unreachable · backend-unavailable · wasm-blocked · out-of-memory · invalid-option · AbortError
 *
 * @example
 * const teacher = await loadTeacher('/models/teacher.onnx').done;
 */
export function loadTeacher(source: ModelSource, options: LoadTeacherOptions = {}): Run<Teacher, LoadEvent> {
  return startRun(async (emit, signal) => {
    checkLoadOptions(options);
    const { integrity, externalData, cache } = options;
    // Comes while the model does.
    const loading = later(import('./onnxTeacher.ts'));
    if (options.worker === 'none') loadSession(options);
    const model = await fetchModel(source, {
      integrity,
      externalData,
      cache,
      onProgress: (loadedBytes, totalBytes) => emit({ type: 'load', loadedBytes, totalBytes }),
      signal,
    });
    if (model.bytes.byteLength === 0) throw new LimbeckError('invalid-onnx', `"${model.name}" is empty.`);
    emit({ type: 'open', bytes: model.bytes.byteLength });
    const { openTeacher } = await loading;
    const teacher = await openTeacher(
      { files: toFiles(model), name: options.name ?? model.name, notices: model.notices },
      options,
    );
    for (const message of teacher.description.notices) emit({ type: 'notice', message });
    if (signal.aborted) {
      await teacher[Symbol.asyncDispose]();
      throwIfAborted(signal);
    }
    return teacher;
  }, options.signal);
}

/**
 * On this thread the session is needed next, so it comes while the model does. Rollup has to see this: it keeps what these parts and
 * a page's own script share out of that script only if the script can ask for them, and a page that awaits a teacher at its top
 * level would wait for itself.
 */
function loadSession({ device = 'auto' }: LoadTeacherOptions): void {
  void later(import('./session/session.ts'));
  if (device === 'kernels' || device === 'auto') void later(import('./session/sessionKernels.ts'));
}

/** The files as blobs, which stay available for a restart; the browser may keep them out of memory. */
function toFiles({ bytes, externalData }: ModelBytes): ModelFiles {
  const toBlob = (part: Uint8Array) => new Blob([part as Uint8Array<ArrayBuffer>]);
  return {
    model: toBlob(bytes),
    externalData: externalData.map(({ path, bytes: data }) => ({ path, data: toBlob(data) })),
  };
}
