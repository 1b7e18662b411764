interface Request {
  readonly tab: object;
  readonly mode: LockMode;
  readonly begin: () => void;
}

interface Queue {
  held: Request[];
  waiting: Request[];
}

/** Web locks for tests: shared by all tabs that are opened on them, and given back by a tab that dies. */
export interface FakeLocks {
  /** What a tab sees as `navigator.locks`. */
  of(tab: object): LockManager;
  release(tab: object): void;
}

export function makeLocks(): FakeLocks {
  const queues = new Map<string, Queue>();

  const isFree = ({ held }: Queue, mode: LockMode) =>
    held.length === 0 || (mode === 'shared' && held.every((one) => one.mode === 'shared'));

  function advance(queue: Queue): void {
    for (let next = queue.waiting[0]; next && isFree(queue, next.mode); next = queue.waiting[0]) {
      queue.waiting.shift();
      queue.held.push(next);
      next.begin();
    }
  }

  function leave(queue: Queue, isGone: (request: Request) => boolean): void {
    queue.held = queue.held.filter((one) => !isGone(one));
    queue.waiting = queue.waiting.filter((one) => !isGone(one));
    advance(queue);
  }

  function request(tab: object, name: string, options: LockOptions, work: (lock: unknown) => unknown) {
    const queue = queues.get(name) ?? { held: [], waiting: [] };
    queues.set(name, queue);
    const { mode = 'exclusive', ifAvailable = false, signal } = options;
    if (ifAvailable && (queue.waiting.length > 0 || !isFree(queue, mode))) return Promise.resolve(work(null));
    return new Promise((resolve, reject) => {
      const mine: Request = {
        tab,
        mode,
        begin: () => {
          Promise.resolve()
            .then(() => work({ name, mode }))
            .finally(() => leave(queue, (one) => one === mine))
            .then(resolve, reject);
        },
      };
      queue.waiting.push(mine);
      signal?.addEventListener('abort', () => {
        if (!queue.waiting.includes(mine)) return;
        queue.waiting = queue.waiting.filter((one) => one !== mine);
        reject(signal.reason);
      });
      advance(queue);
    });
  }

  return {
    of: (tab) =>
      ({
        request: (name: string, ...rest: unknown[]) => {
          const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
          return request(tab, name, options as LockOptions, work as (lock: unknown) => unknown);
        },
      }) as unknown as LockManager,
    release: (tab) => {
      for (const queue of queues.values()) leave(queue, (one) => one.tab === tab);
    },
  };
}
