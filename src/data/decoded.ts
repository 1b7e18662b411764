import type { Dataset } from './dataset.ts';

/** Decoded examples of a dataset by number, within a budget of bytes, for as long as something holds them. */
export interface Decoded<Example extends ArrayBufferView> {
  get(index: number): Example | undefined;
  /** Keeps an example, where something holds the dataset and there is room. Examples are kept first come, first served. */
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

/** Holds what these datasets decode, where they do. */
export function holdDecoded(...datasets: readonly (Dataset | undefined)[]): Disposable {
  const holds = datasets.map((dataset) => dataset?.holdDecoded?.());
  return {
    [Symbol.dispose]() {
      for (const hold of holds) hold?.[Symbol.dispose]();
    },
  };
}
