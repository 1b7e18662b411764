/** Calls back for each key that changes, and for a failure, which ends whoever waits. Returns what stops it. */
export type Listen = (changed: (key: string) => void, failed: (error: unknown) => void) => () => void;

/** Keys that begin with `prefix`, as they change, until one of the signals aborts. Several changes of one key may come as one. */
export async function* changesOf(
  listen: Listen,
  prefix: string,
  ends: readonly AbortSignal[],
): AsyncGenerator<string, void, void> {
  const changed = new Set<string>();
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  const awake = () => wake();
  const stop = listen(
    (key) => {
      if (!key.startsWith(prefix)) return;
      changed.add(key);
      wake();
    },
    (error) => {
      failure = { error };
      wake();
    },
  );
  for (const end of ends) end.addEventListener('abort', awake);
  try {
    while (!ends.some(({ aborted }) => aborted)) {
      const [key] = changed;
      if (failure !== undefined) throw failure.error;
      if (key === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      changed.delete(key);
      yield key;
    }
  } finally {
    for (const end of ends) end.removeEventListener('abort', awake);
    stop();
  }
}
