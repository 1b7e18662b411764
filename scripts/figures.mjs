// How figures are written, for scripts: the file of the library, which Node 20 cannot read as it is.
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';

const source = readFileSync(new URL('../src/core/figures.ts', import.meta.url), 'utf8');
const { code } = transformSync(source, { loader: 'ts', format: 'esm' });

export const { amount, bytes, count, countOf, duration, figures, percent, timeLeft, times } = await import(
  `data:text/javascript,${encodeURIComponent(code)}`
);
