import { expose, proxy, type Remote, type TransferHandler, transfer, transferHandlers, wrap } from 'comlink';
import { type ErrorDetails, LimbeckError, type LimbeckErrorCode } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';

/** An error as plain values. comlink alone would lose its class and its code. */
interface PortableError {
  readonly name: string;
  readonly message: string;
  readonly code?: LimbeckErrorCode;
  readonly details?: ErrorDetails;
  readonly cause?: PortableError;
  readonly stack?: string;
}

export function packError(error: unknown): PortableError {
  if (!isTagged(error, 'Error')) return { name: 'Error', message: String(error) };
  const cause = error.cause === undefined ? {} : { cause: packError(error.cause) };
  const known = error instanceof LimbeckError ? { code: error.code, details: plain(error.details) } : {};
  return { name: error.name, message: error.message, stack: error.stack, ...known, ...cause };
}

export function unpackError(packed: PortableError): Error {
  if (packed.name === 'AbortError') return new DOMException(packed.message, packed.name);
  const cause = packed.cause === undefined ? undefined : unpackError(packed.cause);
  const error =
    packed.code === undefined
      ? Object.assign(new Error(packed.message, cause && { cause }), { name: packed.name })
      : new LimbeckError(packed.code, packed.message, { details: packed.details, cause });
  if (packed.stack !== undefined) error.stack = packed.stack;
  return error;
}

/** Details are meant to be plain; what cannot cross becomes text rather than a failed message. */
function plain(details: ErrorDetails): ErrorDetails {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, canCross(value) ? value : String(value)]),
  );
}

function canCross(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** Functions that release what the arguments of the current call hold on this side. */
let held: (() => void)[] | undefined;

/**
 * Makes a call whose arguments may be signals, iterables and callables. Each holds a port on this side, and a signal also a
 * listener. Call `release` when the call has ended, however it ended.
 */
export function holding<T>(call: () => T): { readonly answer: T; release(): void } {
  const outer = held;
  const own: (() => void)[] = [];
  held = own;
  const release = () => {
    for (const letGo of own.splice(0)) letGo();
  };
  try {
    return { answer: call(), release };
  } catch (error) {
    release();
    throw error;
  } finally {
    held = outer;
  }
}

/** A signal crosses as a port: the far side gets a signal of its own that follows this one. */
const signals: TransferHandler<AbortSignal, { port?: MessagePort; reason?: PortableError }> = {
  canHandle: (value): value is AbortSignal => isTagged(value, 'AbortSignal'),
  serialize(signal) {
    if (signal.aborted) return [{ reason: packError(signal.reason) }, []];
    const { port1, port2 } = new MessageChannel();
    const send = () => port1.postMessage(packError(signal.reason));
    signal.addEventListener('abort', send, { once: true });
    held?.push(() => {
      signal.removeEventListener('abort', send);
      port1.close();
    });
    return [{ port: port2 }, [port2]];
  },
  deserialize({ port, reason }) {
    const controller = new AbortController();
    const abort = (packed: PortableError | undefined) => controller.abort(packed && unpackError(packed));
    if (port === undefined) abort(reason);
    else {
      port.onmessage = ({ data }) => {
        abort(data as PortableError);
        port.close();
      };
    }
    return controller.signal;
  },
};

/** What comlink's own handler does, and remembers the port. */
function exposeOnPort(target: object): [MessagePort, Transferable[]] {
  const { port1, port2 } = new MessageChannel();
  expose(target, port1);
  held?.push(() => port1.close());
  return [port2, [port2]];
}

interface RemoteIterator {
  next(): Promise<IteratorResult<unknown>>;
  stop(): Promise<void>;
}

/** An async iterable crosses as a port on which the far side asks for one value after the other. */
const iterables: TransferHandler<AsyncIterable<unknown>, MessagePort> = {
  canHandle: (value): value is AsyncIterable<unknown> =>
    typeof value === 'object' && value !== null && Symbol.asyncIterator in value,
  serialize(iterable) {
    const iterator = iterable[Symbol.asyncIterator]();
    const stop = async () => {
      await iterator.return?.();
    };
    const remote: RemoteIterator = { next: () => iterator.next(), stop };
    // The reader may be gone, or may never have begun.
    held?.push(() => void stop().catch(() => undefined));
    return exposeOnPort(remote);
  },
  deserialize(port) {
    const remote = wrap<RemoteIterator>(port) as Remote<RemoteIterator>;
    return {
      async *[Symbol.asyncIterator]() {
        try {
          for (let result = await remote.next(); !result.done; result = await remote.next()) yield result.value;
        } finally {
          await remote.stop();
          port.close();
        }
      },
    };
  },
};

let isRegistered = false;

/** Teaches comlink, once per thread, to carry errors with their codes, signals and async iterables. */
export function registerTransfers(): void {
  if (isRegistered) return;
  isRegistered = true;
  const original = transferHandlers.get('throw') as TransferHandler<unknown, unknown>;
  const thrown: TransferHandler<{ value: unknown }, PortableError> = {
    // comlink marks what was thrown with a symbol that it does not export; its own handler knows it.
    canHandle: (value): value is { value: unknown } => original.canHandle(value),
    serialize: ({ value }) => [packError(value), []],
    deserialize: (packed) => {
      throw unpackError(packed);
    },
  };
  const proxies = transferHandlers.get('proxy') as TransferHandler<object, MessagePort>;
  transferHandlers.set('throw', thrown as unknown as TransferHandler<unknown, unknown>);
  transferHandlers.set('proxy', { ...proxies, serialize: exposeOnPort } as TransferHandler<unknown, unknown>);
  transferHandlers.set('signal', signals as unknown as TransferHandler<unknown, unknown>);
  transferHandlers.set('iterable', iterables as unknown as TransferHandler<unknown, unknown>);
}

/** A function, or an object of functions, that the far side may call while the call it was given to lasts. */
export function callable<T extends object>(target: T): T {
  return proxy(target) as unknown as T;
}

/**
 * A value of which some named arrays move to the far side instead of being copied: the value itself, where none are named.
 * They must not be used here afterwards.
 */
export function moved<T extends object>(value: T, ...parts: NamedArrays[]): T {
  const arrays = parts.length === 0 ? [value as NamedArrays] : parts;
  const buffers = arrays.flatMap((named) => Object.values(named).map(({ data }) => data.buffer as ArrayBuffer));
  return transfer(value, [...new Set(buffers)]);
}
