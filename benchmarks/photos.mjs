// Distillation from photos: files of a megapixel, decoded by the browser and scaled to what a small student reads.
// Usage: node benchmarks/photos.mjs [--json FILE] [--photos N] [--size PIXELS] [--epochs N] [--rounds N] [--against DIST]
// `--against` is the dist folder of another version, which takes turns with this one; both must give the same student.
// The times are those of whole runs, each in a page of its own: what is saved lies at their start, where a pass that is repeated
// until it has settled would not see it.
import { parseArgs } from 'node:util';
import { root } from '../scripts/ensure.mjs';
import { openPage } from './openPage.mjs';
import { writeResult } from './writeResult.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    photos: { type: 'string', default: '2000' },
    size: { type: 'string', default: '64' },
    epochs: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '1' },
    against: { type: 'string' },
  },
});
const [photos, size, epochs, rounds] = ['photos', 'size', 'epochs', 'rounds'].map((name) => Number(values[name]));

const { against } = values;
const dists = { now: undefined, ...(against && { against: against.startsWith('/') ? against : `${root}${against}` }) };
const result = {};
const runs = {};
for (let round = 0; round < rounds; round++) {
  for (const [name, dist] of Object.entries(dists)) {
    const { bench, about, close } = await openPage({ script: 'benchmarks/pages/photos.ts', dist });
    try {
      const { duration, figures } = await import('../scripts/figures.mjs');
      Object.assign(result, { ...about, size, epochs, ...(await bench('make', photos)) });
      const run = await bench('train', size, epochs);
      runs[name] = [...(runs[name] ?? []), run];
      console.log(
        `${name.padEnd(8)} ${duration(run.totalMs)}, first step after ${duration(run.firstStepMs)}, ` +
          `${figures(run.decodedPerPhoto)} decodings a photo, epochs ${run.epochMs.map(duration).join(' ')}, student ${run.weights}`,
      );
    } finally {
      await close();
    }
  }
}
const { count, figures } = await import('../scripts/figures.mjs');
console.log(
  `${count(photos)} photos of ${result.width} × ${result.height}, ${figures(result.bytesPerPhoto / 1e3)} KB each`,
);
if (new Set(Object.values(runs).flatMap((all) => all.map(({ weights }) => weights))).size !== 1) {
  throw new Error('Not all runs gave the same student.');
}
await writeResult(values.json, { ...result, runs });
