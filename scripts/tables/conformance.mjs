import { ANSWERERS } from '../answeredBy.mjs';
import { table } from './markdown.mjs';

const LEVELS = { relaxed: 'relaxed SIMD', simd: 'plain SIMD' };

/** tfjs-core's own specs: who answered them, by SIMD level and threads. */
export function conformanceTable(result) {
  const { configurations, stock } = result;
  const head = Object.keys(configurations).map((name) => {
    const [level, threads] = name.split('/');
    return `${LEVELS[level]}, ${threads} thread${threads === '1' ? '' : 's'}`;
  });
  const row = (name, of) => [name, ...Object.values(configurations).map((one) => of(one).toLocaleString('en'))];
  const answered = Object.entries(ANSWERERS).map(([who, text]) => row(`by ${text}`, (one) => one.answeredBy[who]));
  return table(
    ['tfjs-core’s specs', ...head],
    [
      row('pass with limbeck’s kernels', ({ passed }) => passed),
      ...answered.filter(([, ...counts]) => counts.some((count) => count !== '0')),
      row('pass with tfjs-wasm as it is', () => stock.passed),
    ],
  );
}
