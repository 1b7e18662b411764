/**
 * Numbers between 0 and 1, neither of them included, from a seed of 32-bit words. With words from `crypto.getRandomValues`
 * nobody can foresee them without those: the generator has a state of 128 bits.
 * Source    Blackman and Vigna 2021, xoshiro128**, arXiv:1805.01407
 */
export function uniformNumbers(seed: readonly number[]): () => number {
  const state = Uint32Array.from({ length: 4 }, (_, i) => (seed[i % seed.length] ?? 0) ^ (i * 0x9e3779b9));
  if (state.every((word) => word === 0)) state[0] = 1;
  const word = () => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    state[2] = c ^ a;
    state[3] = d ^ b;
    state[1] = b ^ (state[2] as number);
    state[0] = a ^ (state[3] as number);
    state[2] = (state[2] as number) ^ (b << 9);
    state[3] = rotated(state[3] as number, 11);
    return result;
  };
  for (let i = 0; i < 16; i++) word();
  // 53 bits, never zero.
  return () => ((word() >>> 5) * 67_108_864 + (word() >>> 6) + 1) / (2 ** 53 + 2);
}

/**
 * Standard normal numbers from such a seed.
 * Source    Box and Muller 1958, Ann. Math. Statist. 29(2)
 */
export function normalNumbers(seed: readonly number[]): () => number {
  const uniform = uniformNumbers(seed);
  let kept: number | undefined;
  return () => {
    if (kept !== undefined) {
      const value = kept;
      kept = undefined;
      return value;
    }
    const [radius, angle] = [Math.sqrt(-2 * Math.log(uniform())), 2 * Math.PI * uniform()];
    kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
