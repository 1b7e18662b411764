import { SIDE } from './digits.ts';

/** Where the ink is, in the pixels of the drawing; right and bottom are just outside. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Its centre of mass. */
  readonly x: number;
  readonly y: number;
}

/** Pixels that the longer side of a digit takes of the 28. */
const INNER = 20;

/**
 * A drawing normalised like MNIST: its bounding box scaled to 20 × 20, its centre of mass in the middle of 28 × 28.
 * Undefined if there is no ink.
 * Shapes    ink [side · side] → [28 · 28]
 * Units     0 paper, 1 ink
 * Source    LeCun, Cortes, Burges: the MNIST database (how the images were normalised)
 */
export function digitOf(ink: Float32Array, side: number): Float32Array | undefined {
  const box = boxOf(ink, side);
  if (box === undefined) return undefined;
  const perPixel = Math.max(box.right - box.left, box.bottom - box.top) / INNER;
  const half = (perPixel * SIDE) / 2;
  // A flag far from its pole must not leave the picture.
  const left = clamp(box.x - half, box.right - 2 * half, box.left);
  const top = clamp(box.y - half, box.bottom - 2 * half, box.top);
  const digit = new Float32Array(SIDE * SIDE);
  for (let at = 0; at < digit.length; at++) {
    const [column, row] = [at % SIDE, Math.floor(at / SIDE)];
    digit[at] = meanOf(ink, side, left + column * perPixel, top + row * perPixel, perPixel);
  }
  const darkest = digit.reduce((most, value) => Math.max(most, value), 0);
  return digit.map((value) => value / darkest);
}

function boxOf(ink: Float32Array, side: number): Box | undefined {
  let [left, top, right, bottom] = [side, side, 0, 0];
  let [mass, x, y] = [0, 0, 0];
  for (let at = 0; at < ink.length; at++) {
    const value = ink[at] as number;
    if (value === 0) continue;
    const [column, row] = [at % side, Math.floor(at / side)];
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
    mass += value;
    x += value * (column + 0.5);
    y += value * (row + 0.5);
  }
  return mass === 0 ? undefined : { left, top, right, bottom, x: x / mass, y: y / mass };
}

/** Mean of a square whose edges may cut through pixels; outside the drawing is paper. */
function meanOf(ink: Float32Array, side: number, left: number, top: number, size: number): number {
  let sum = 0;
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(side, top + size); row++) {
    const height = Math.min(row + 1, top + size) - Math.max(row, top);
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(side, left + size); column++) {
      const width = Math.min(column + 1, left + size) - Math.max(column, left);
      sum += (ink[row * side + column] as number) * width * height;
    }
  }
  return sum / (size * size);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
