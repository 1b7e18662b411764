import { type LabelledDataset, pick, take } from 'limbeck';
import { LABELS, loadLabelledDigits } from '../digits.ts';
import type { Share } from './messages.ts';

/** Digits whose labels nobody reads, at the end of the training digits: what FedDF and FedMD ask about. */
const SHOWN = 500;
/** Test digits on which each round is measured: enough to see it rise. */
const HELD_OUT = 500;

/** What tabs know by default, in turns: each of three cannot read what the others can. */
const SHARES = [
  [0, 1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
] as const;

export const digitsOfLot = (lot: number): readonly number[] => SHARES[lot % SHARES.length] as readonly number[];

/** Digits 0 and 2 to 4 are "0, 2, 3 and 4". */
export function digitsInWords(digits: readonly number[]): string {
  const names = [...digits].sort((a, b) => a - b).map((digit) => LABELS[digit] ?? '');
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export interface Digits {
  readonly data: LabelledDataset;
  readonly holdout: LabelledDataset;
  /** The same for all. */
  readonly shown: LabelledDataset;
}

/** A tab's own examples, and what all have. */
export async function digitsFor(base: string, { digits, examples, lot }: Share, signal: AbortSignal): Promise<Digits> {
  const { train, holdout, trainLabels } = await loadLabelledDigits(base, signal);
  const all = Array.from({ length: train.size }, (_, i) => i);
  const own = all.slice(0, -SHOWN).filter((i) => digits.includes(trainLabels[i] as number));
  const count = Math.min(examples, own.length);
  const from = (lot * examples) % own.length;
  const mine = Int32Array.from({ length: count }, (_, i) => own[(from + i) % own.length] as number);
  return {
    data: pick(train, mine),
    holdout: take(holdout, HELD_OUT),
    shown: pick(train, Int32Array.from(all.slice(-SHOWN))),
  };
}
