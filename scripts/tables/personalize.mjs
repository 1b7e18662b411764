import { peopleMarkdown } from '../../benchmarks/personalizeTable.mjs';
import { bytes, measuredOn, ms, percent, points, table } from './markdown.mjs';

/** The ten further people, by whom nothing was chosen: `lora()` with the guard. */
export function peopleTable(result) {
  const { users, methods } = result.test;
  return [
    `${measuredOn(result)}; \`lora()\`, rank 4, ${result.examplesPerClass} examples of each class, ${result.replayed} unlabelled digits replayed, median ${ms(methods?.lora?.adaptMs ?? result.test.adaptMs)}:`,
    '',
    peopleMarkdown({ users }),
  ].join('\n');
}

/** Each method over these people, and the peers, who learn from all and judge nothing. */
export function methodsTable(result) {
  const { methods = {}, alone = {}, peers = {} } = result.test;
  const row = (
    name,
    { after, medianGain, leastGain, refused, base, patchBytes, bytes: stored = patchBytes, adaptMs },
  ) => [
    name,
    percent(after),
    medianGain === undefined ? '' : points(medianGain),
    leastGain === undefined ? '' : points(leastGain),
    refused === undefined ? '' : String(refused),
    `${percent(base.before)} → ${percent(base.after)}`,
    bytes(stored),
    ms(adaptMs),
  ];
  const named = (rows, suffix) => Object.entries(rows).map(([name, one]) => row(`\`${name}\`${suffix}`, one));
  return table(
    ['method', 'their digits after', 'median gain', 'least', 'refused', 'everybody’s digits', 'patch', 'median time'],
    [...named(methods, ''), ...named(alone, ', nothing kept'), ...named(peers, '')],
  );
}
