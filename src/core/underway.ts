/** Work that an end waits for. */
export interface Underway {
  /** Does work. Throws    what `over` makes, once the end was asked for */
  perform<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Waits for all that is under way, however it ends, and then does `last`; twice is once. */
  close(last: () => Promise<void>): Promise<void>;
  readonly isClosing: boolean;
}

export function makeUnderway(over: () => Error): Underway {
  const underway = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  return {
    async perform(work) {
      if (closing !== undefined) throw over();
      const working = work();
      underway.add(working);
      try {
        return await working;
      } finally {
        underway.delete(working);
      }
    },
    close(last) {
      closing ??= Promise.allSettled(underway).then(last);
      return closing;
    },
    get isClosing() {
      return closing !== undefined;
    },
  };
}
