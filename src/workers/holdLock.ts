/** A lock of its own, which is free again when it is released or whoever took it has ended, however that ends. */
export interface HeldLock {
  readonly lock: string;
  release(): void;
}

/** Rejects where there are no Web Locks, such as on a page that is not secure, or the page is refused them. */
export async function holdLock(of: 'worker' | 'tab'): Promise<HeldLock> {
  const lock = `limbeck-${of}-${crypto.randomUUID()}`;
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>((release) => resolve({ lock, release }));
    navigator.locks.request(lock, held).catch(reject);
  });
}
