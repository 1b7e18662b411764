import { table } from './markdown.mjs';

/** What an attacker could show of one example, beside what was told. */
export function canaryTable({ runs, rows }) {
  return table(
    ['the example meets', 'broken', 'told ε', `shown ε ≥, ${runs} + ${runs} runs`],
    rows.map(({ place, broken, epsilonTold, epsilonShown }) => [
      place,
      broken,
      epsilonTold.toFixed(2),
      epsilonShown.toFixed(2),
    ]),
  );
}
