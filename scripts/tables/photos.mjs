import { count, duration } from '../figures.mjs';
import { measuredOn } from './markdown.mjs';

/** What a run from photos takes, and what it took when every read decoded them again. */
export function photosSentence(result) {
  const { photos, width, height, size, epochs, runs } = result;
  const times = (all) => all.map(({ totalMs }) => duration(totalMs)).join(' and ');
  return (
    `${measuredOn(result)}: ${count(photos)} photos of ${count(width)} × ${count(height)} pixels, read at ${size} × ${size} by a \`cnn\` for ${epochs} epochs, take ` +
    `${times(runs.now)}. A version that decoded them at every read took ${times(runs.against)} for the same student.`
  );
}
