import { checkCount, checkPositive } from '../core/options.ts';
import { derivedSeed, permutation, type Random, seededRandom } from '../core/random.ts';

/**
 * Shares examples among clients whose classes differ: each client draws how often it has each class from a Dirichlet distribution,
 * and takes as many examples as every other, none twice. Small `alpha`: nearly one class each; large: all alike. Once a class
 * is used up, the client's other classes take its place.
 * Shapes    labels [N] → as many lists of indices as clients, each ⌊N ÷ clients⌋ long
 * Throws    invalid-option: more clients than examples, alpha not above 0
 * Source    Hsu, Qi, Brown 2019, §3, arXiv:1909.06335
 */
export function dirichletShares(labels: ArrayLike<number>, clients: number, alpha: number, seed = 0): Int32Array[] {
  checkCount(clients, 'clients');
  checkPositive(alpha, 'alpha');
  const size = checkCount(Math.floor(labels.length / clients), 'examples of each client');
  const random = seededRandom(derivedSeed(seed, 'dirichlet'));
  const pools = new Map<number, number[]>();
  for (const i of permutation(labels.length, random)) {
    const label = labels[i] as number;
    const pool = pools.get(label);
    if (pool === undefined) pools.set(label, [i]);
    else pool.push(i);
  }
  const classes = [...pools.keys()].sort((a, b) => a - b);
  return Array.from({ length: clients }, () => {
    const drawn = classes.map(() => gamma(alpha, random));
    return Int32Array.from({ length: size }, () => {
      const left = classes.map((label, c) => ((pools.get(label)?.length ?? 0) > 0 ? (drawn[c] as number) : 0));
      return pools.get(classes[drawOne(left, pools, classes, random)] as number)?.pop() as number;
    });
  });
}

/** The index of one of the classes that are left, by their weights; where all weigh nothing, by what is left of each. */
function drawOne(
  weights: number[],
  pools: ReadonlyMap<number, number[]>,
  classes: readonly number[],
  random: Random,
): number {
  let total = weights.reduce((sum, weight) => sum + weight, 0);
  let of = weights;
  if (!(total > 0)) {
    of = classes.map((label) => pools.get(label)?.length ?? 0);
    total = of.reduce((sum, weight) => sum + weight, 0);
  }
  let at = random() * total;
  for (const [i, weight] of of.entries()) {
    at -= weight;
    if (at < 0 && weight > 0) return i;
  }
  return of.findLastIndex((weight) => weight > 0);
}

/** Source    Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below 1 by their remark in §6 */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
