/** What the browser grants this origin for all its stores; undefined if the browser does not say. */
export interface StorageState {
  readonly usedBytes: number | undefined;
  readonly quotaBytes: number | undefined;
  /** Whether the browser promises not to clear the stores by itself when the disk runs full. */
  readonly isPersistent: boolean | undefined;
}

/** Asks the browser what it grants. */
export async function storageState(): Promise<StorageState> {
  const storage = globalThis.navigator?.storage;
  const [estimate, isPersistent] = await Promise.all([
    storage?.estimate?.().catch(() => undefined),
    storage?.persisted?.().catch(() => undefined),
  ]);
  return { usedBytes: estimate?.usage, quotaBytes: estimate?.quota, isPersistent };
}

/**
 * Asks the browser to keep this origin's stores until the person clears them. Returns whether it agreed; some browsers ask the
 * person. Only a window can ask: in a worker, or if the browser has no such function, the answer is false.
 */
export async function requestPersistence(): Promise<boolean> {
  const granted = await globalThis.navigator?.storage?.persist?.().catch(() => false);
  return granted ?? false;
}
