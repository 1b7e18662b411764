// Which digits have a label in 'few': equally many of each class, drawn for each seed.
import { UNLABELLED } from 'limbeck';
import { someOfEach } from '../../benchmarks/pages/someOfEach.ts';
import { derivedSeed } from '../../src/core/random.ts';
import { CLASSES } from './amounts.ts';

/** The labels that are known of `count` examples, and −1 for all others. */
export function drawLabels(labels: Int32Array, count: number, seed: number): Int32Array {
  const known = new Set(someOfEach(labels, count / CLASSES, derivedSeed(seed, 'labels')));
  return labels.map((label, i) => (known.has(i) ? label : UNLABELLED));
}

/** Where there is a label. */
export function placesOf(labels: Int32Array): Int32Array {
  return Int32Array.from(labels.keys()).filter((i) => labels[i] !== UNLABELLED);
}
