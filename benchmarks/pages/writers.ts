// Who writes the digits of the benchmark. The ten of the demo may be used to choose settings. The second
// ten were drawn once, vary in ways that the first do not, and are only scored on; nothing is chosen by them.
import { bilinear, type Person, people, SIDE, writtenBy } from '../../demo/people.ts';

export type WriterSet = 'development' | 'test';

export interface Writer {
  readonly name: string;
  /** The digit [28 · 28] as that person would have written it; values stay in 0…1. */
  write(digit: Float32Array): Float32Array;
}

/** What the second ten vary besides slant, angle, stroke and paper. */
interface Habits extends Person {
  /** Across and down, of the usual size. */
  readonly size?: readonly [number, number];
  /** Pixels to the right and down. */
  readonly shift?: readonly [number, number];
  /** How dark the ink is; 1 is black. */
  readonly ink?: number;
  /** How far the hand shakes to the side, in pixels, and over how many it goes to and fro. */
  readonly shake?: readonly [number, number];
  /** The paper's own grey, which ink covers. */
  readonly paper?: number;
}

const further: readonly Habits[] = [
  { name: 'small', size: [0.65, 0.65] },
  { name: 'narrow, leans right', size: [0.6, 1], slant: 0.25 },
  { name: 'wide and flat', size: [1.15, 0.7] },
  { name: 'pale ink', ink: 0.4 },
  { name: 'shaky', shake: [1.8, 7] },
  { name: 'off the middle', shift: [-4, 3] },
  { name: 'on grey paper', paper: 0.45 },
  { name: 'bold, turned left', stroke: 1, rotate: 18 },
  { name: 'shaky, leans left, thin', shake: [1.2, 9], slant: -0.3, stroke: -1 },
  { name: 'small, black on grey, turned right', size: [0.75, 0.75], rotate: -15, paper: 0.3, isInverted: true },
];

export function writersOf(set: WriterSet): Writer[] {
  if (set === 'test') return further.map((one) => ({ name: one.name, write: (digit) => writtenWith(one, digit) }));
  return people.map((person) => ({ name: person.name, write: (digit) => writtenBy(person, digit) }));
}

function writtenWith({ isInverted = false, ...habits }: Habits, digit: Float32Array): Float32Array {
  const { size = [1, 1], shift = [0, 0], shake = [0, 1], ink = 1, paper = 0 } = habits;
  const middle = (SIDE - 1) / 2;
  const hand = writtenBy(habits, digit);
  const moved = Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [column, row] = [at % SIDE, Math.floor(at / SIDE)];
    const swing = shake[0] * Math.sin((2 * Math.PI * row) / shake[1]);
    return bilinear(
      hand,
      (column - middle - shift[0] - swing) / size[0] + middle,
      (row - middle - shift[1]) / size[1] + middle,
    );
  });
  const inked = moved.map((value) => paper + (1 - paper) * ink * value);
  return isInverted ? inked.map((value) => 1 - value) : inked;
}
