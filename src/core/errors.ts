import { isTagged } from './tags.ts';

/** Every way in which limbeck refuses or fails: a closed union, so that a `switch` over it can be checked. */
export type LimbeckErrorCode =
  | 'invalid-option'
  | 'shape-mismatch'
  | 'invalid-onnx'
  | 'model-unreachable'
  | 'integrity-mismatch'
  | 'unknown-tensor'
  | 'unknown-input'
  | 'unknown-output'
  | 'teacher-failed'
  | 'read-failed'
  | 'empty-image'
  | 'image-unreadable'
  | 'audio-unreadable'
  | 'microphone-unavailable'
  | 'tokenizer-invalid'
  | 'file-invalid'
  | 'empty-dataset'
  | 'empty-list'
  | 'budget-too-small'
  | 'not-finite'
  | 'class-mismatch'
  | 'labels-missing'
  | 'sequence-too-long'
  | 'invalid-box'
  | 'student-not-trainable'
  | 'student-invalid'
  | 'student-in-use'
  | 'unsupported-layer'
  | 'unsupported-operator'
  | 'below-tolerance'
  | 'not-reproducible'
  | 'bundle-invalid'
  | 'safetensors-invalid'
  | 'report-invalid'
  | 'patch-invalid'
  | 'patch-mismatch'
  | 'profile-invalid'
  | 'privacy-spent'
  | 'unknown-label'
  | 'update-invalid'
  | 'federation-mismatch'
  | 'transport-failed'
  | 'nats-unreachable'
  | 'permission-denied'
  | 'too-few-clients'
  | 'aggregation-refused'
  | 'aggregation-failed'
  | 'unknown-loss'
  | 'worker-unreachable'
  | 'worker-died'
  | 'thread-died'
  | 'wasm-blocked'
  | 'backend-unavailable'
  | 'out-of-memory'
  | 'store-unavailable'
  | 'store-full'
  | 'store-failed'
  | 'store-locked'
  | 'store-tampered'
  | 'crypto-unavailable'
  | 'disposed'
  | 'internal';

/** Details of an error: plain values that survive a worker boundary. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The one error class of limbeck. `message` says what was given, what is needed and what to do; `help` is where the page
 * of the code is.
 *
 * @example
 * try { await distill(options).done } catch (error) {
 *   if (error instanceof LimbeckError && error.code === 'empty-dataset') askForData();
 * }
 */
export class LimbeckError extends Error {
  /**
   * What stands before the code in `help`: the page in the package. A page that offers limbeck's documentation sets its
   * address here, such as `'/docs/help/errors.html#'`, for the errors that are made from then on.
   */
  static helpBase = 'limbeck/docs/help/errors.md#';

  readonly code: LimbeckErrorCode;
  readonly details: ErrorDetails;
  /** Where cause and cure of the code stand. */
  readonly help: string;

  constructor(code: LimbeckErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LimbeckError';
    this.code = code;
    this.details = options.details ?? {};
    this.help = LimbeckError.helpBase + code;
  }

  /** What a log keeps of it: an error's own message would be left out of JSON. */
  toJSON(): Pick<LimbeckError, 'name' | 'code' | 'message' | 'help' | 'details'> {
    const { name, code, message, help, details } = this;
    return { name, code, message, help, details };
  }
}

/** The error of a cancelled run: a `DOMException` named `AbortError`, as the platform's own functions throw. */
export function abortError(reason?: unknown): DOMException {
  const because = isTagged(reason, 'Error') && reason.name !== 'AbortError' ? `: ${reason.message}` : '';
  return new DOMException(`The run was cancelled${because}.`, 'AbortError');
}

export function isAbortError(error: unknown): boolean {
  return isTagged(error, 'Error') && error.name === 'AbortError';
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal.reason);
}

/**
 * The error of something that was disposed while it worked, whatever error that caused; a cancelled run stays
 * cancelled.
 */
export function disposedAtWork(what: string, name: string, cause: unknown): unknown {
  if (isAbortError(cause)) return cause;
  return new LimbeckError(
    'disposed',
    `The ${what} "${name}" was disposed while it worked. Load it again, and dispose it when the work is done.`,
    { details: { what, name }, cause },
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return isTagged(error, 'Error') ? error.message : String(error);
}

/** The work's result, or an AbortError as soon as the signal is aborted; the work itself may go on, ignored. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortError(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
