/** Of the worker that tfjs 4.22.0 makes as a blob for each thread of its pool; a test reads it from the package. */
export const TFJS_THREAD = { size: 3076, type: 'application/javascript' } as const;

/**
 * Starts tfjs's threaded build with its threads from `script` instead of a blob of its own, which a content security
 * policy may forbid, and whose text a minifier breaks. tfjs offers no option for it: the blob is known by its size.
 */
export async function withThreadScript<T>(script: string, start: () => Promise<T>): Promise<T> {
  const original = URL.createObjectURL;
  URL.createObjectURL = (given) => {
    const isThread = given instanceof Blob && given.size === TFJS_THREAD.size && given.type === TFJS_THREAD.type;
    return isThread ? script : original.call(URL, given);
  };
  try {
    return await start();
  } finally {
    URL.createObjectURL = original;
  }
}
