import { type NamedArrays, sizeOf } from '../core/shape.ts';
import type { RejectReason } from './update.ts';

/** What a client has sent, checked: every part of a round has the same names and shapes. */
export interface Part {
  readonly client: string;
  /** Above 0: the number of its examples, unless the strategy says otherwise. */
  readonly weight: number;
  readonly values: NamedArrays;
}

/** What a round's parts become, and who was left out. */
export interface Combined {
  readonly values: NamedArrays;
  readonly rejected: readonly { readonly client: string; readonly why: RejectReason; readonly what: string }[];
}

/**
 * How the updates of a round become one: pure, and the same parts in the same order give the same bits. Parts come in the order
 * of their clients' names, at least one; `before` is what the round began with, for what is measured as a distance from there.
 */
export interface Combine {
  readonly name: string;
  /** Whether it is the mean by weights, so that parts may be summed up before all are there. Default false. */
  readonly isMean?: boolean;
  combine(parts: readonly Part[], before: NamedArrays): Combined;
}

/**
 * The mean of all parts by their weights, as FedAvg takes it. Sums are float64, rounded once to float32.
 * Source    McMahan et al. 2017, algorithm 1, arXiv:1602.05629
 */
export function weightedMean(): Combine {
  return { name: 'weightedMean', isMean: true, combine: (parts) => ({ values: meanOf(parts), rejected: [] }) };
}

/** The mean by weights of arrays with the same names and shapes. */
export function meanOf(parts: readonly Pick<Part, 'weight' | 'values'>[]): NamedArrays {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const names = Object.keys(parts[0]?.values ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const shape = parts[0]?.values[name]?.shape ?? [];
      const sum = new Float64Array(sizeOf(shape));
      for (const { weight, values } of parts) {
        const share = weight / total;
        const data = values[name]?.data ?? [];
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + share * (data[i] as number);
      }
      return [name, { data: Float32Array.from(sum), shape }];
    }),
  );
}
