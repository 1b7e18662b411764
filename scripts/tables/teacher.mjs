import { figure, measuredOn, percent, table, times } from './markdown.mjs';

/** The teacher of the main job asked in several ways. */
export function teacherTable(result) {
  const { plain, ortBest, limbeck, secondEpoch } = result;
  const against = (rate) => times(rate / plain.examplesPerSecond);
  const rate = ({ examplesPerSecond }) => figure(examplesPerSecond);
  return [
    `${measuredOn(result)}, ${result.threads} threads, everything by turns in one run, medians of ${result.rounds} rounds.`,
    '',
    table(
      ['what', 'examples a second', ''],
      [
        ['onnxruntime-web, one at a time, warm', rate(plain), '1 ×'],
        [
          `onnxruntime-web at its best batch size (${ortBest.batchSize})`,
          rate(ortBest),
          against(ortBest.examplesPerSecond),
        ],
        [
          `limbeck (${limbeck.device}, ${limbeck.batchSize} at a time), **while the student learns** on the same cores (${percent(limbeck.overlapFraction)} overlap)`,
          rate(limbeck),
          against(limbeck.examplesPerSecond),
        ],
        [
          'a second epoch, or a later run: from kept answers',
          `${secondEpoch.teacherCalls} calls`,
          `${secondEpoch.examples.toLocaleString('en')} digits in ${figure(secondEpoch.ms / 1000)} s, learning included`,
        ],
      ],
    ),
  ].join('\n');
}

const PRECISIONS = { float32: 'float32', float16: 'float16', int8: 'int8', top8: 'top 8 of 10, with the tail’s mass' };

/** What keeping the answers costs, and what a student learns from them. */
export function keptTable({ cache }) {
  return table(
    ['answers kept as', 'bytes an example, all told', 'student’s accuracy'],
    Object.entries(cache).map(([name, { bytesPerExample, studentAccuracy }]) => [
      PRECISIONS[name],
      bytesPerExample.toFixed(0),
      percent(studentAccuracy),
    ]),
  );
}
