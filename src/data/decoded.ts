import type { Dataset } from './dataset.ts';

/** Decoded examples of a dataset by index, within a budget of bytes, while the dataset is held. */
export interface Decoded<Example extends ArrayBufferView> {
  get(index: number): Example | undefined;
  /** Keeps an example if the dataset is held and there is room: first come, first served. */
  keep(index: number, example: Example): void;
  /** The dataset's `holdDecoded`. */
  hold(): Disposable;
}

export function makeDecoded<Example extends ArrayBufferView>(
  mostBytes: number,
  exampleBytes: number,
): Decoded<Example> {
  const kept = new Map<number, Example>();
  let holds = 0;
  return {
    get: (index) => kept.get(index),
    keep(index, example) {
      if (holds > 0 && (kept.size + 1) * exampleBytes <= mostBytes) kept.set(index, example);
    },
    hold() {
      let isHeld = true;
      holds++;
      return {
        [Symbol.dispose]() {
          if (!isHeld) return;
          isHeld = false;
          if (--holds === 0) kept.clear();
        },
      };
    },
  };
}

/** Holds the decoded examples of those datasets that decode. */
export function holdDecoded(...datasets: readonly (Dataset | undefined)[]): Disposable {
  const holds = datasets.map((dataset) => dataset?.holdDecoded?.());
  return {
    [Symbol.dispose]() {
      for (const hold of holds) hold?.[Symbol.dispose]();
    },
  };
}
