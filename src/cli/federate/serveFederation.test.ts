// The command aggregates for devices on a real server that lets them write nothing but their own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import { CLASSES, FEATURES } from '../../distill/distillCases.ts';
import { labelledPoints, makeMlp, openHere } from '../../federate/cases/federateCases.ts';
import { federate } from '../../federate/federate.ts';
import { freeRow, type RunningNats, startNats, temporaryFolder, withoutNats } from '../../federate/nats/natsCases.ts';
import { openNats } from '../../federate/transports/nats.ts';
import { builtAssets } from '../../runtime/cases/assetCases.ts';
import type { Trainer } from '../../train/trainer.ts';
import { type Files, runLine } from '../commandCases.ts';

const guide = readFileSync(new URL('../../../docs/guide/federate-server.md', import.meta.url), 'utf8');
/** The guide's own line; what is said later counts. */
const LINE = guide.match(/^npx limbeck (federate serve .*)$/m)?.[1]?.split(' ') ?? [];
const PACE = { minimumClients: 2, beatMs: 50 };
/** A command that starts again takes seconds. */
const ROUNDS = isLong ? 6 : 2;
const STOPPED_AT = 3;
const AGGREGATOR = 'served/aggregators/aggregator.json';

describe.skipIf(withoutNats !== undefined)('federate serve', () => {
  const { folder, remove } = temporaryFolder();
  const files: Files = {};
  let server: RunningNats;
  let trainer: Trainer;

  beforeAll(async () => {
    trainer = await openHere();
    const port = await freeRow(4);
    const nats = ['federate', 'nats', '--config', 'served', '--federation', 'points'];
    await runLine([...nats, '--device', 'a', '--device', 'b', '--port', String(port)], files);
    for (const [path, data] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), data);
    }
    server = await startNats(join(folder, 'served'), 'server.conf', port);
  });
  afterAll(async () => {
    await trainer?.[Symbol.asyncDispose]();
    await server?.kill();
    remove();
  });

  /** A device, until all rounds are over. */
  async function takesPart(name: string, seed: number, onRound: (round: number) => void = () => undefined) {
    const credentials = JSON.parse(new TextDecoder().decode(files[`served/devices/${name}.json`]));
    await using transport = await openNats(credentials);
    const run = federate({
      ...{ transport, trainer, client: name, federation: 'points', mayAggregate: false, rounds: ROUNDS, ...PACE },
      ...{ student: makeMlp(), data: labelledPoints(40, seed) },
    });
    for await (const event of run) if (event.type === 'round') onRound(event.round);
    return run.done;
  }

  const shape = JSON.stringify({ inputShape: [FEATURES], classes: CLASSES, hidden: [8] });
  const serve = (signal?: AbortSignal) =>
    runLine([...LINE, '--rounds', String(ROUNDS), '--student', 'mlp', '--student-options', shape, '--json'], files, {
      assetBase: builtAssets(),
      ...(signal && { signal }),
    });

  test('begins, aggregates every round, goes on after it was ended, and writes the student', async () => {
    const stopped = new AbortController();
    let serving = serve(stopped.signal);
    // Nobody else may begin, so the devices find the federation or wait for it.
    const devices = [takesPart('a', 1, (round) => round === STOPPED_AT && stopped.abort()), takesPart('b', 2)];
    if (isLong) {
      expect(await serving).toMatchObject({ code: 130, out: expect.stringContaining('interrupted') });
      serving = serve();
    }
    const { code, out, error } = await serving;
    expect(code, error).toBe(0);
    const report = JSON.parse(out);
    expect(report.rounds.map(({ round, by }: { round: number; by: string }) => [round, by])).toEqual(
      Array.from({ length: ROUNDS }, (_, i) => [i + 1, 'aggregator']),
    );
    expect(report.contributions).toEqual({ a: ROUNDS, b: ROUNDS });
    expect(report.sent).toEqual([]);
    expect(report.written).toMatchObject([{ path: 'shared/student.limbeck' }]);
    const results = await Promise.all(devices);
    for (const { report: own } of results) expect(own.rounds.at(-1)?.result).toBe(report.rounds.at(-1).result);
  });

  test.each([
    [[], '--credentials'],
    [['--credentials', AGGREGATOR], '--student'],
    [['--credentials', 'served/devices/a.json', '--student', 'mlp'], 'that of a device'],
    [['--credentials', 'served/server.conf', '--student', 'mlp'], 'holds no credentials'],
    [['--credentials', AGGREGATOR, '--student', 'mlp', '--strategy', 'fedMd'], '--data'],
  ])('%j is refused', async (args, said) => {
    expect(await runLine(['federate', 'serve', ...args], files)).toMatchObject({
      code: 2,
      error: expect.stringContaining(said),
    });
  });
});
