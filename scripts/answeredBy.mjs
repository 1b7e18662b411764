// Which kernels answered the specs of tfjs-core that pass.

/** Who computes in a spec, alone or with others, in the order in which it is told. */
export const ANSWERERS = {
  limbeck: "limbeck's kernels alone",
  'limbeck+wasm': "limbeck's kernels and tfjs's own wasm kernels",
  wasm: "tfjs's own wasm kernels alone",
  'cpu+limbeck': "limbeck's kernels and tfjs's cpu backend",
  'cpu+limbeck+wasm': 'all three',
  'cpu+wasm': "tfjs's own wasm kernels and its cpu backend",
  cpu: "tfjs's cpu backend alone",
  '': 'nobody: no kernel computes anything, but arguments, shapes or files are handled',
};

/**
 * How many of the specs that passed each of them answered.
 * @param {readonly { readonly verdict: string, readonly by: readonly string[] }[]} specs
 * @returns {Record<string, number>}
 */
export function answeredBy(specs) {
  const counts = Object.fromEntries(Object.keys(ANSWERERS).map((who) => [who, 0]));
  for (const { verdict, by } of specs) if (verdict === 'passed') counts[[...by].sort().join('+')]++;
  return counts;
}

/** The same as lines of text. @param {Record<string, number>} counts */
export function sayAnswered(counts) {
  return Object.entries(ANSWERERS)
    .map(([who, name]) => `  ${String(counts[who]).padStart(5)} answered by ${name}`)
    .join('\n');
}
