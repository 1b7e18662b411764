import { signal } from '@preact/signals';

/** Which tab of this browser this is, from 1; a tab that closes leaves its seat. Without Web Locks all are the first. */
export const seat = signal(1);

const KEY = 'limbeck-demo-seat';
/** While a tab loads anew, its former page may still hold the seat. */
const OWN_MS = 1000;
const MOST = 1000;

/** Takes the seat that this tab had before, or the first that is free. */
export async function takeSeat(): Promise<void> {
  if (navigator.locks === undefined) return;
  const before = Number(read());
  const isAny = Number.isInteger(before) && before > 0 && before <= MOST;
  if (isAny && (await take(before, { signal: AbortSignal.timeout(OWN_MS) }))) return;
  for (let wanted = 1; wanted <= MOST; wanted++) if (await take(wanted, { ifAvailable: true })) return;
}

/** Whether the seat is this tab's now, until it closes. */
function take(wanted: number, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`limbeck-demo-seat-${wanted}`, options, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        seat.value = wanted;
        write(String(wanted));
        return new Promise<void>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}

function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function write(text: string): void {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // It gets another seat when it is loaded anew.
  }
}
