import { LimbeckError } from '../../core/errors.ts';
import { bytes as bytesText, count, duration, percent } from '../../core/figures.ts';
import { isLabelled } from '../../data/dataset.ts';
import { split, withoutLabels } from '../../data/views.ts';
import type { SimulationReport } from '../../federate/simulate.ts';
import type { Strategy } from '../../federate/strategy.ts';
import type { Trainer } from '../../train/trainer.ts';
import { numberOf } from '../arguments.ts';
import { studentByName } from '../byName.ts';
import type { Options, Values } from '../command.ts';
import { EXAMPLE_OPTIONS, readExamples } from '../examples/readExamples.ts';
import { jsonOption } from '../examples/teacherInput.ts';
import type { Console } from '../openConsole.ts';
import { jsonText, reportText } from '../printable.ts';
import { quietTfjs } from '../quietTfjs.ts';
import { table } from '../table.ts';

const STRATEGIES = [
  'fedAvg',
  'fedProx',
  'fedAdam',
  'fedYogi',
  'fedDf',
  'fedMd',
  'personalHead',
  'sharedPatch',
] as const;

export const SIMULATE_OPTIONS = {
  ...EXAMPLE_OPTIONS,
  clients: { kind: 'text', value: '10', help: 'simulate: how many clients share the examples', api: 'clients' },
  dirichlet: {
    kind: 'text',
    value: '0.1',
    help: 'simulate: how different their classes are; large: all alike',
    api: 'alpha',
  },
  strategy: { kind: 'text', value: 'NAME', words: STRATEGIES, help: 'simulate: default fedAvg', api: 'strategy' },
  'strategy-options': { kind: 'text', value: 'JSON', help: `simulate: of the strategy, such as '{"mu": 0.1}'` },
  rounds: { kind: 'text', value: '10', help: 'simulate: how many rounds', api: 'rounds' },
  epochs: {
    kind: 'text',
    value: '1',
    help: 'simulate: how often a client sees its examples in a round',
    api: 'epochs',
  },
  batch: { kind: 'text', value: '32', help: 'simulate: examples of one step', api: 'batchSize' },
  rate: { kind: 'text', value: '0.001', help: 'simulate: the learning rate of adam', api: 'learningRate' },
  participation: { kind: 'text', value: '1', help: 'simulate: the share of clients in a round', api: 'participation' },
  holdout: { kind: 'text', value: '0.2', help: 'simulate: the share of the examples that all are measured on' },
  public: {
    kind: 'text',
    value: '0.1',
    help: 'simulate: the share that is public, without labels: for fedDf and fedMd',
  },
  student: {
    kind: 'text',
    value: 'NAME',
    help: 'simulate: a student by name, or its file; default as limbeck distill',
    api: 'student',
  },
  'student-options': { kind: 'text', value: 'JSON', help: 'simulate: of a student by name' },
  compare: { kind: 'flag', help: 'simulate: also trains each client alone, and one student on all examples' },
  threads: { kind: 'text', value: '1', help: 'simulate: how many threads train clients side by side' },
  seed: { kind: 'text', value: '0', help: 'simulate: decides shares, first weights and order', api: 'seed' },
} as const satisfies Options;

/** `limbeck federate simulate`: virtual clients on real strategies and rounds. */
export async function simulateFederation(values: Values<typeof SIMULATE_OPTIONS>, console: Console): Promise<void> {
  const signal = console.interrupt();
  const progress = await console.openProgress();
  const number = (name: keyof typeof SIMULATE_OPTIONS, fallback: string) =>
    numberOf((values[name] as string) ?? fallback);
  const assets = console.assetBase === undefined ? {} : { assetBase: console.assetBase };
  const trainers: Trainer[] = [];
  try {
    const { data: all, names } = await readExamples(values, undefined, { console, progress, signal });
    if (!isLabelled(all)) {
      throw new LimbeckError(
        'labels-missing',
        'A federation learns from labels. Give folders of classes, or --labels FILE.npy.',
      );
    }
    await quietTfjs();
    const [{ simulate }, strategies, { openTrainer }, { batches }] = await Promise.all([
      import('../../federate/simulate.ts'),
      import('../../federate/strategies/all.ts'),
      import('../../train/trainer.ts'),
      import('../../data/views.ts'),
    ]);
    const seed = number('seed', '0');
    const [holdout, rest] = split(all, number('holdout', '0.2'), seed);
    const make = strategies[values.strategy ?? 'fedAvg'] as (options: object) => Strategy;
    const strategy = make(
      values['strategy-options'] === undefined ? {} : jsonOption('--strategy-options', values['strategy-options']),
    );
    const [shown, data] = strategy.readsPublicData ? split(rest, number('public', '0.1'), seed) : [undefined, rest];
    let classes = names?.length ?? 0;
    for await (const { examples } of batches(all, 256, { signal }))
      for (const label of examples.labels) classes = Math.max(classes, label + 1);
    const threads = number('threads', '1');
    const open = () => openTrainer(threads > 1 ? { threads: 1, ...assets } : { worker: 'none', ...assets });
    for (let i = 0; i < threads; i++) trainers.push(await open());
    const clients = number('clients', '10');
    const students = await Promise.all(
      Array.from({ length: clients }, () =>
        studentByName(values.student, values['student-options'], { data, classes, console }),
      ),
    );
    const run = simulate({
      ...{ data, holdout, strategy, clients, trainers, seed, signal, compare: values.compare },
      ...(shown && { publicData: withoutLabels(shown) }),
      student: (client) => students[client] as (typeof students)[number],
      alpha: number('dirichlet', '0.1'),
      rounds: number('rounds', '10'),
      epochs: number('epochs', '1'),
      batchSize: number('batch', '32'),
      participation: number('participation', '1'),
      ...(values.rate !== undefined && { optimizer: { name: 'adam', learningRate: numberOf(values.rate) } }),
    });
    for await (const event of run) {
      if (event.type === 'round')
        progress.set('rounds', event.round, event.rounds, `accuracy ${percent(event.accuracy)}`);
      if (event.type === 'alone')
        progress.set('alone', event.client + 1, clients, `accuracy ${percent(event.accuracy)}`);
    }
    const report = await run.done;
    progress.stop();
    console.write(values.json ? jsonText(report) : textOf(report));
  } finally {
    progress.stop();
    for (const trainer of trainers) await trainer[Symbol.asyncDispose]();
  }
}

function textOf(report: SimulationReport): string {
  const columns = ['round', 'accuracy', 'clients', 'update', 'time'].map((heading) => ({ heading, isNumber: true }));
  const rows = report.rounds.map(({ round, accuracy, clients, updateBytes, ms }) => [
    ...[String(round), percent(accuracy), String(clients), bytesText(updateBytes), duration(ms)],
  ]);
  const { bestAlone, centralAccuracy } = report;
  return reportText([
    [`${report.strategy}, ${count(report.clients)} clients, Dirichlet ${report.alpha}`],
    table(columns, rows),
    [
      ...(bestAlone === undefined ? [] : [`best client alone        ${percent(bestAlone)}`]),
      ...(centralAccuracy === undefined ? [] : [`all examples together    ${percent(centralAccuracy)}`]),
      `a client and round       ${bytesText(report.bytesPerClientPerRound)}`,
    ],
  ]);
}
