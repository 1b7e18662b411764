import { LimbeckError } from '../core/errors.ts';

/** The error of a worker that did not start: what was tried, and what to do with the bundler that built this page. */
export function unreachable(why: string, address: string | undefined, cause?: unknown): LimbeckError {
  const tried = address === undefined ? '' : ` Tried: ${address}.`;
  return new LimbeckError(
    'worker-unreachable',
    `limbeck's worker did not start: ${why}.${tried} ${cureFor(address ?? '', import.meta.url)} The content security ` +
      "policy must allow it (worker-src 'self', and trusted-types limbeck where Trusted Types are required). " +
      "worker: 'none' runs on this thread instead.",
    { details: { why, ...(address !== undefined && { address }) }, cause },
  );
}

const COPY =
  'Copy its files to a folder that your server serves (npx limbeck assets --to public/limbeck), and call ' +
  "configure({ assets: '/limbeck/' }) first.";

/** What helps, by the addresses that bundlers give a worker and the module that starts it. */
export function cureFor(worker: string, module: string): string {
  const both = `${worker} ${module}`;
  if (/\/\.vite\/deps/.test(both)) {
    return "Vite's development server moved limbeck away from its worker: set optimizeDeps: { exclude: ['limbeck'] } in vite.config.";
  }
  if (/\/_next\//.test(both)) return `Next.js built the worker in a way that it does not start. ${COPY}`;
  if (/^file:/.test(worker) && !/^file:/.test(module)) {
    return `This bundler put an address of the machine that built the page. ${COPY}`;
  }
  return COPY;
}
