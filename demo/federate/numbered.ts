import { openStore, wipe } from 'limbeck';

// The tabs of this browser share one federation at a time. When it is over, or nobody wants it any more, the next one has the next
// number: two tabs that begin again at once find the same.

const KEY = 'limbeck-demo-federation';
const storeOf = (number: number) => `limbeck-demo-federation-${number}`;

function current(): number {
  try {
    const number = Number(localStorage.getItem(KEY) ?? 1);
    return Number.isSafeInteger(number) && number > 0 ? number : 1;
  } catch {
    return 1;
  }
}

/** The newest that this tab knows of. */
let last = current();

/** The store of the current federation. */
export function currentStore(): string {
  last = Math.max(last, current());
  return storeOf(last);
}

/** The store of the one after the last that this tab knew of; another tab may have begun it already. */
export async function nextStore(): Promise<string> {
  const former = last;
  if (current() <= former) {
    try {
      localStorage.setItem(KEY, String(former + 1));
    } catch {
      // Other tabs do not hear of it, and this one begins alone.
    }
  }
  last = Math.max(former + 1, current());
  await emptyUnlessUsed(storeOf(former));
  return storeOf(last);
}

/** Says to other tabs that a store is used, until it is disposed. */
export async function holdStore(name: string): Promise<Disposable> {
  if (navigator.locks === undefined) return { [Symbol.dispose]: () => undefined };
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>((release) => resolve({ [Symbol.dispose]: release }));
    navigator.locks.request(name, { mode: 'shared' }, held).catch(reject);
  });
}

async function emptyUnlessUsed(name: string): Promise<void> {
  await navigator.locks?.request(name, { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    await using store = await openStore(name);
    await wipe(store);
  });
}
