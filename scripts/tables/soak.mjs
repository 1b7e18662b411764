import { countOf } from '../figures.mjs';
import { measuredOn, table } from './markdown.mjs';

/** What a page holds after round 10 and at the end, by engine and ownership of trainers. */
export function soakTable(result) {
  const show = ({ memoryBytes, threads, workers }) =>
    `${(memoryBytes / 1e6).toFixed(0)} MB, ${countOf(threads, 'thread')}, ${workers === 0 ? 'no workers' : countOf(workers, 'worker')}`;
  return [
    `${measuredOn(result)}, ${result.minutes} minutes in all ([every round](soak.svg)):`,
    '',
    table(
      ['engine', 'trainers', 'rounds', 'after round 10', 'at the end', 'verdict'],
      result.results.map(({ engine, version, trainer, rounds, after10, atEnd, verdict }) => [
        `${engine} ${version}`,
        trainer,
        rounds.length,
        show(after10),
        show(atEnd),
        verdict,
      ]),
    ),
  ].join('\n');
}
