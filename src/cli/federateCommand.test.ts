import { expect, test } from 'vitest';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import { runLine } from './commandCases.ts';
import { brightSides } from './learnCases.ts';

const files = brightSides('photos', 60);
const run = (...args: string[]) => runLine(['federate', ...args], files, { assetBase: builtAssets() });

test('simulates a federation and tells accuracy and bytes of every round', async () => {
  const common = [
    'simulate',
    '--data',
    'photos',
    '--clients',
    '3',
    '--rounds',
    '3',
    '--dirichlet',
    '0.5',
    '--student',
    'mlp',
    '--rate',
    '0.01',
  ];
  const { code, out } = await run(...common, '--json', '--compare');
  expect(code).toBe(0);
  const report = JSON.parse(out);
  expect(report.rounds.map(({ round, clients }: { round: number; clients: number }) => [round, clients])).toEqual([
    ...[
      [1, 3],
      [2, 3],
      [3, 3],
    ],
  ]);
  expect(report).toMatchObject({ strategy: 'fedAvg', clients: 3, alpha: 0.5, accuracy: report.rounds[2].accuracy });
  expect(report.bestAlone).toBeGreaterThan(0);
  expect(report.centralAccuracy).toBeGreaterThan(0);
  expect(report.bytesPerClientPerRound).toBeGreaterThan(1000);
  const again = await run(...common, '--json', '--compare');
  const bare = (text: string) =>
    JSON.parse(text).rounds.map(({ accuracy, updateBytes }: Record<string, number>) => [accuracy, updateBytes]);
  expect(bare(again.out)).toEqual(bare(out));
});

test('a strategy that compares clients on public examples gets some', async () => {
  const { code, out } = await run(
    'simulate',
    '--data',
    'photos',
    '--clients',
    '2',
    '--rounds',
    '1',
    '--strategy',
    'fedMd',
    '--student',
    'mlp',
  );
  expect(code).toBe(0);
  expect(out).toContain('fedMd, 2 clients');
});

test('says what it can do, and what it needs', async () => {
  expect((await run()).error).toContain('limbeck federate simulate|nats');
  expect((await run('simulate')).error).toContain('--data');
  expect((await run('simulate', '--data', 'photos', '--clients', '100')).code).not.toBe(0);
  expect((await run('simulate', '--data', 'photos', '--strategy', 'fedSgd')).code).not.toBe(0);
});
