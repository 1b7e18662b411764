// Handwritten digits of the package "mnist". Only tests import this file.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { NdArray } from '../core/shape.ts';

const require = createRequire(import.meta.url);
const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** Images [N, 28, 28, 1] from 0 to 1, with their classes: the digits' places in `digits`. */
export interface Digits {
  readonly images: NdArray;
  readonly labels: Int32Array;
}

/** `each` of every digit, from the number `from` on; the classes in turn. */
export function digitImages(from: number, each: number, digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]): Digits {
  const classes = digits.length;
  const pixels = new Float32Array(classes * each * PIXELS);
  for (const [label, digit] of digits.entries()) {
    const file = require.resolve(`mnist/src/digits/${digit}.json`);
    const { data } = JSON.parse(readFileSync(file, 'utf8')) as { data: number[] };
    for (let i = 0; i < each; i++) {
      pixels.set(data.slice((from + i) * PIXELS, (from + i + 1) * PIXELS), (classes * i + label) * PIXELS);
    }
  }
  return {
    images: { data: pixels, shape: [classes * each, SIDE, SIDE, 1] },
    labels: Int32Array.from({ length: classes * each }, (_, i) => i % classes),
  };
}
