// Ten simulated people with their own handwriting: fixed changes of slant, stroke, angle and paper.

export const SIDE = 28;

/** One person's handwriting. */
export interface Person {
  readonly name: string;
  /** To the right as it goes up, as the tangent of the angle. */
  readonly slant?: number;
  /** Degrees, counter-clockwise. */
  readonly rotate?: number;
  /** 1 makes each stroke a pixel wider on all sides, −1 thinner. */
  readonly stroke?: 1 | -1;
  /** White on black becomes black on white. */
  readonly isInverted?: boolean;
}

export const people: readonly Person[] = [
  { name: 'leans right', slant: 0.5 },
  { name: 'leans left', slant: -0.5 },
  { name: 'bold', stroke: 1 },
  { name: 'thin', stroke: -1 },
  { name: 'turned left', rotate: 30 },
  { name: 'turned right', rotate: -30 },
  { name: 'black on white', isInverted: true },
  { name: 'bold, leans right', stroke: 1, slant: 0.4 },
  { name: 'thin, turned left', stroke: -1, rotate: 20 },
  { name: 'black on white, leans left', isInverted: true, slant: -0.4 },
];

/** The digit [28 · 28] as that person would have written it; values stay in 0…1. */
export function writtenBy({ slant = 0, rotate = 0, stroke, isInverted }: Person, digit: Float32Array): Float32Array {
  const turned = moved(digit, slant, (rotate * Math.PI) / 180);
  const drawn = stroke === undefined ? turned : thickened(turned, stroke);
  return isInverted ? drawn.map((value) => 1 - value) : drawn;
}

/** Sheared, then turned, around the middle; bilinear. */
function moved(digit: Float32Array, slant: number, angle: number): Float32Array {
  if (slant === 0 && angle === 0) return digit;
  const middle = (SIDE - 1) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [x, y] = [(at % SIDE) - middle, Math.floor(at / SIDE) - middle];
    const [u, v] = [cos * x - sin * y, sin * x + cos * y];
    return bilinear(digit, u + slant * v + middle, v + middle);
  });
}

/** The digit at a place between its pixels; nothing beyond the edges. */
export function bilinear(digit: Float32Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (column: number, row: number) =>
    column < 0 || row < 0 || column >= SIDE || row >= SIDE ? 0 : (digit[row * SIDE + column] as number);
  const upper = at(left, top) + (x - left) * (at(left + 1, top) - at(left, top));
  const lower = at(left, top + 1) + (x - left) * (at(left + 1, top + 1) - at(left, top + 1));
  return upper + (y - top) * (lower - upper);
}

/** The largest, or smallest, of the pixel and its four neighbours. */
function thickened(digit: Float32Array, by: 1 | -1): Float32Array {
  const pick = by === 1 ? Math.max : Math.min;
  return Float32Array.from(digit, (value, at) => {
    const x = at % SIDE;
    const sides = [x > 0 ? at - 1 : -1, x < SIDE - 1 ? at + 1 : -1, at - SIDE, at + SIDE];
    return pick(value, ...sides.map((side) => digit[side] ?? 0));
  });
}
