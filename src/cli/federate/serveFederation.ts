import { LimbeckError } from '../../core/errors.ts';
import { bytes as bytesText, countOf, duration } from '../../core/figures.ts';
import { parseJson } from '../../core/parseJson.ts';
import { withoutLabels } from '../../data/views.ts';
import type { FederateEvent } from '../../federate/events.ts';
import type { FederateReport } from '../../federate/federateReport.ts';
import type { NatsOptions } from '../../federate/transports/nats.ts';
import { numberOf } from '../arguments.ts';
import { bundled } from '../bundled.ts';
import { studentByName } from '../byName.ts';
import type { Options, Values } from '../command.ts';
import { readExamples } from '../examples/readExamples.ts';
import type { Console } from '../openConsole.ts';
import { jsonText, printable, reportText } from '../printable.ts';
import type { Progress } from '../progress.ts';
import { quietTfjs } from '../quietTfjs.ts';
import { writeFiles, writtenText } from '../writeFiles.ts';
import type { SIMULATE_OPTIONS } from './simulateFederation.ts';
import { strategyByName } from './strategyByName.ts';

export const SERVE_OPTIONS = {
  credentials: { kind: 'text', value: 'FILE', help: 'serve: of an aggregator, as nats has written it' },
  minimum: { kind: 'text', value: '2', help: 'serve: a round has at least so many clients', api: 'minimumClients' },
  'round-seconds': { kind: 'text', value: '120', help: 'serve: how long a round waits for clients that are there' },
  replicas: { kind: 'text', value: '1', help: 'serve: on how many servers of a cluster all is kept', api: 'replicas' },
  output: { kind: 'text', short: 'o', value: 'FOLDER', help: 'serve: where the shared student goes at the end' },
} as const satisfies Options;

/** What the command line says. */
export type ServeValues = Values<typeof SERVE_OPTIONS & typeof SIMULATE_OPTIONS>;

/**
 * `limbeck federate serve`: aggregates for devices that may not, as any client could, and has no examples. All that the federation
 * knows lies on the NATS server, so it may be ended and started again, and several may run.
 */
export async function serveFederation(values: ServeValues, console: Console): Promise<void> {
  if (values.credentials === undefined)
    throw wrong('Say who aggregates: --credentials served/aggregators/aggregator.json.');
  if (values.student === undefined) {
    throw wrong(
      'Say which student the devices have: --student cnn, or its file. Whoever begins decides its first weights.',
    );
  }
  const credentials = await readCredentials(values.credentials, console);
  const number = (
    name: 'rounds' | 'participation' | 'seed' | 'minimum' | 'round-seconds' | 'replicas',
    fallback: number,
  ) => (values[name] === undefined ? fallback : numberOf(values[name]));
  const signal = console.interrupt();
  const progress = await console.openProgress();
  const assets = console.assetBase === undefined ? {} : { assetBase: console.assetBase };
  try {
    const strategy = await strategyByName(values.strategy, values['strategy-options']);
    const shown = strategy.readsPublicData
      ? await readExamples(values, undefined, { console, progress, signal })
      : undefined;
    const none = { size: 0, inputs: {}, hasLabels: false, read: async () => ({ inputs: {} }) };
    const student = await studentByName(values.student, values['student-options'], {
      ...{ data: shown?.data ?? none, classes: undefined, console },
    });
    await quietTfjs();
    const [{ federate }, { openNats }] = await Promise.all([
      import('../../federate/federate.ts'),
      import('../../federate/transports/nats.ts'),
    ]);
    await using transport = await openNats({ ...credentials, replicas: number('replicas', 1) });
    const run = federate({
      ...{ transport, student, strategy, signal, federation: credentials.federation },
      data: 'none',
      client: credentials.user ?? 'aggregator',
      ...(shown && { publicData: withoutLabels(shown.data) }),
      ...{ rounds: number('rounds', 10), participation: number('participation', 1), seed: number('seed', 0) },
      ...{ minimumClients: number('minimum', 2), roundMs: 1000 * number('round-seconds', 120) },
      trainer: { worker: 'none', ...assets },
    });
    for await (const event of run) say(event, progress, number('rounds', 10));
    const { report, student: shared } = await run.done;
    progress.stop();
    const folder = values.output?.replace(/\/+$/, '');
    const written =
      folder === undefined
        ? []
        : await writeFiles({ [`${folder}/student.limbeck`]: await bundled(shared, {}, console) }, console);
    console.write(values.json ? jsonText({ ...report, written }) : `${textOf(report)}${writtenText(written)}`);
  } finally {
    progress.stop();
  }
}

function say(event: FederateEvent, progress: Progress, rounds: number): void {
  if (event.type === 'waiting') progress.say(`waiting for ${event.needed} devices, ${event.present} there`);
  if (event.type === 'leading') progress.say('aggregating');
  if (event.type === 'notice') progress.say(printable(event.message));
  if (event.type === 'rejected') progress.say(`rejected ${event.client}: ${event.why}`);
  if (event.type === 'aggregated') {
    const { round, contributions, missing } = event;
    const absent = missing.length > 0 ? `, ${missing.length} missing` : '';
    progress.set('rounds', round, rounds, `${countOf(contributions.length, 'update')}${absent}`);
  }
}

function textOf({ federation, strategy, rounds, contributions, sentBytes, receivedBytes, ms }: FederateReport): string {
  const each = Object.entries(contributions).map(([name, times]) => `${name.padEnd(22)} ${countOf(times, 'round')}`);
  return reportText([
    [`${federation}: ${countOf(rounds.length, 'round')} of ${strategy.name}, ${duration(ms)}`],
    each,
    [`sent ${bytesText(sentBytes)}, received ${bytesText(receivedBytes)}`],
  ]);
}

/** Throws    invalid-option: no such file, or one of a device */
async function readCredentials(path: string, console: Console): Promise<NatsOptions> {
  const bytes = await console.readFile(path);
  let given: unknown;
  try {
    given = parseJson(new TextDecoder().decode(bytes));
  } catch {
    // Told below, without what stands in it.
  }
  if (typeof given !== 'object' || given === null || !('servers' in given)) {
    throw wrong(`${path} holds no credentials; limbeck federate nats writes them.`);
  }
  const credentials = given as NatsOptions;
  if (credentials.device !== true) return credentials;
  throw wrong(`${path} is that of a device, which may not aggregate. Give a file of the folder "aggregators".`);
}

function wrong(message: string): LimbeckError {
  return new LimbeckError('invalid-option', message);
}
