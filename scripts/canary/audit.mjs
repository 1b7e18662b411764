// Many runs of the product with and without one example that is made to be seen: what was told of ε, and what they show.
// It finds noise that is missing or ten times too weak, clipping or chance that is missing. It does not find an accountant that
// is wrong by a factor of two: at ε = 1 and δ = 1e-3, 1,000 runs of two steps with half the noise rise above what is told
// about one time in fifty, with a third of it about seven times in ten. The accountant is held to published values instead
// (src/adapt/privacy/*.test.ts).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Where the example is met, and what is broken on purpose.
 * @type {[place: string, fault?: string][]}
 */
export const AUDITS = [
  ['steps'],
  ['guard'],
  ['either'],
  ['steps', 'noise'],
  ['steps', 'clipping'],
  ['guard', 'choice'],
  ['either', 'noise'],
  ['either', 'clipping'],
];

/** What each fault puts in the place of what: in the bundle, for no option of the product does that. */
const FAULTS = {
  noise: ['src/train/parts/adaptation/privateSteps.ts', 'deviation * normal()', '0.1 * deviation * normal()'],
  clipping: ['src/train/parts/adaptation/privateSteps.ts', 'norm > longest ? longest / norm : 1', '1'],
  choice: ['src/adapt/privacy/drawnStrength.ts', '-epsilon * behind', '-1e9 * behind'],
};

/**
 * What each audit found, one after the other.
 * @param {{ runs: number, epsilon: number, seed: number, places?: readonly string[] }} options
 */
export async function* audit({ runs, epsilon, seed, places }) {
  // Training yields by messages, which alone do not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  try {
    const loaded = new Map();
    for (const [place, fault] of AUDITS.filter(([one]) => places === undefined || places.includes(one))) {
      if (!loaded.has(fault)) loaded.set(fault, await loadSources(fault));
      const { runsOf, lowerBound } = loaded.get(fault);
      const startedAt = performance.now();
      const told = await runsOf(place, runs, epsilon, seed);
      const shown = lowerBound(told.scores, told.delta);
      yield {
        place,
        broken: fault ?? 'nothing',
        epsilonTold: told.epsilon,
        delta: told.delta,
        epsilonShown: shown.epsilon,
        isAsItShould: fault === undefined ? shown.epsilon <= told.epsilon : shown.epsilon > told.epsilon,
        judged: { runs: shown.runs, falseAlarms: shown.falseAlarms, misses: shown.misses },
        seconds: (performance.now() - startedAt) / 1000,
      };
    }
  } finally {
    clearInterval(alive);
  }
}

async function loadSources(fault) {
  const folder = mkdtempSync(join(tmpdir(), 'canary-'));
  const outfile = join(folder, 'audit.mjs');
  try {
    await build({
      stdin: {
        contents: "export { runsOf } from './runs.ts'; export { lowerBound } from './bound.ts';",
        resolveDir: join(root, 'scripts/canary'),
      },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // One copy of tfjs, whichever way it is reached.
      mainFields: ['module', 'main'],
      logLevel: 'error',
      // tfjs says that its modules do nothing when loaded, but they register backends and kernels.
      ignoreAnnotations: true,
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      plugins: fault === undefined ? [] : [broken(fault)],
    });
    return await import(/* @vite-ignore */ pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function broken(fault) {
  const [file, intact, instead] = FAULTS[fault];
  return {
    name: 'broken-on-purpose',
    setup(building) {
      building.onLoad({ filter: new RegExp(`${file.replaceAll('.', '\\.')}$`) }, ({ path }) => {
        const parts = readFileSync(path, 'utf8').split(intact);
        if (parts.length !== 2) throw new Error(`${file} holds "${intact}" ${parts.length - 1} times, not once.`);
        return { contents: parts.join(instead), loader: 'ts' };
      });
    },
  };
}
