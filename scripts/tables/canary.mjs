import { table } from './markdown.mjs';

/** The ε that an attacker can show for one example, next to the ε that was reported. */
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
