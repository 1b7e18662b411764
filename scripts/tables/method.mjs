import { countOf, duration, percent } from '../figures.mjs';
import { measuredOn } from './markdown.mjs';

/** What the benchmark's method claimed, found and refused on real work. */
export function methodSentence(result) {
  const { student, threads, aa, planted, wrong, longestMs } = result;
  return (
    `${measuredOn(result)}, \`${student}\` on ${countOf(threads, 'thread')}: of ${countOf(aa.trials, 'comparison')} of a thing with itself ${aa.claims} claimed a difference; ` +
    `of ${planted.trials} with a copy that is ${percent(planted.slowdown)} slower ${planted.found} found it; the longest took ${duration(longestMs)}. ` +
    `Of ${countOf(wrong.planted, 'wrong backend')} ${wrong.refused} were refused, and their neighbours were not.`
  );
}
