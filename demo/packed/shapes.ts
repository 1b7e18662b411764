import { fromArrays, type LabelledDataset } from 'limbeck';

export const NAMES = ['circle', 'square', 'triangle'] as const;
export const SIDE = 24;

/** How far a shape is turned either way, in radians, and how far from the middle it may lie, in pixels. */
const TURN = 0.3;
const SHIFT = 1.5;

/** Outlines on a dark ground, of several sizes, with noise: [N, 24, 24, 1] bytes. The seed decides all. */
export function shapes(count: number, seed: number): LabelledDataset {
  const random = randomOf(seed);
  const data = new Uint8Array(count * SIDE * SIDE);
  const labels = Int32Array.from({ length: count }, () => Math.floor(random() * NAMES.length));
  for (const [i, label] of labels.entries()) {
    const radius = 5 + 4 * random();
    const [x, y] = [SIDE / 2 + SHIFT * (2 * random() - 1), SIDE / 2 + SHIFT * (2 * random() - 1)];
    const turn = TURN * (2 * random() - 1);
    const bright = 90 + 120 * random();
    for (let at = 0; at < SIDE * SIDE; at++) {
      const [dx, dy] = [(at % SIDE) - x, Math.floor(at / SIDE) - y];
      const distance = Math.abs(outline(label, dx, dy, turn) - radius);
      const value = bright * Math.max(0, 1 - distance / 1.5) + 70 * random();
      data[i * SIDE * SIDE + at] = Math.min(255, value);
    }
  }
  return fromArrays({ data, shape: [count, SIDE, SIDE, 1] }, labels);
}

/** How large a shape around the middle goes through this point. */
function outline(label: number, dx: number, dy: number, turn: number): number {
  if (label === 0) return Math.hypot(dx, dy);
  const corners = label === 1 ? 4 : 3;
  const angle = Math.atan2(dy, dx) + turn;
  const sector = (2 * Math.PI) / corners;
  const within = angle - sector * Math.floor(angle / sector) - sector / 2;
  return (Math.hypot(dx, dy) * Math.cos(within)) / (label === 1 ? 0.85 : 0.65);
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
