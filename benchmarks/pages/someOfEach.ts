import { permutation, seededRandom } from '../../src/core/random.ts';

/** Places of `perClass` examples of each class, or all where there are fewer, in a random order. */
export function someOfEach(labels: Int32Array, perClass: number, seed: number): Int32Array {
  const taken = new Map<number, number>();
  return permutation(labels.length, seededRandom(seed)).filter((i) => {
    const label = labels[i] as number;
    const count = (taken.get(label) ?? 0) + 1;
    taken.set(label, count);
    return count <= perClass;
  });
}
