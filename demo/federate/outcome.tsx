import { useMemo } from 'preact/hooks';
import { bytes, count, countOf, percent } from '../format.ts';
import { Chart } from '../frame/chart.tsx';
import { Card, Table } from '../frame/parts.tsx';
import { agreement, type Round, rounds, self, traffic } from './state.ts';

/** Rounds that the table shows. */
const SHOWN = 100;
const WHOLE = [0, 1] as const;

/** What came of the rounds so far: accuracy, who contributed, and how much travelled. */
export function Outcome() {
  const { value: all } = rounds;
  const isOwn = agreement.value?.strategy === 'fedMd';
  const people = useMemo(() => participantsOf(all), [all]);
  const x = useMemo(() => all.map(({ round }) => round), [all]);
  const lines = useMemo(() => {
    const values = all.map(({ accuracy }) => accuracy ?? null);
    return [{ label: isOwn ? 'This tab’s student' : 'The shared student', tone: 'student' as const, values }];
  }, [all, isOwn]);
  if (all.length === 0) return null;
  return (
    <>
      <Card id="accuracy" title="Accuracy">
        <Chart
          title="Share of test digits that it reads, after each round"
          xLabel="round"
          x={x}
          lines={lines}
          format={percent}
          yRange={WHOLE}
        />
      </Card>
      <Card id="participants" title="Who contributed">
        <Participants all={people} total={all.length} />
      </Card>
      <Card id="rounds" title="Rounds">
        <RoundsTable all={all} />
      </Card>
    </>
  );
}

interface Participant {
  readonly name: string;
  readonly rounds: number;
  readonly examples: number;
  readonly bytes: number;
  readonly led: number;
  /** In the last round. */
  readonly last: string;
}

function participantsOf(all: readonly Round[]): readonly Participant[] {
  const found = new Map<string, Participant>();
  const none = { rounds: 0, examples: 0, bytes: 0, led: 0, last: 'away' };
  const change = (name: string, how: (one: Participant) => Partial<Participant>) => {
    const before = found.get(name) ?? { name, ...none };
    found.set(name, { ...before, ...how(before) });
  };
  for (const { by, contributions, missing, rejected } of all) {
    for (const name of found.keys()) change(name, () => ({ last: 'away' }));
    for (const { client, examples, bytes } of contributions) {
      change(client, (one) => ({ rounds: one.rounds + 1, examples, bytes: one.bytes + bytes, last: 'contributed' }));
    }
    for (const name of missing) change(name, () => ({ last: 'missing' }));
    for (const { client, why } of rejected) change(client, () => ({ last: `rejected: ${why}` }));
    change(by, ({ led }) => ({ led: led + 1 }));
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function Participants({ all, total }: { readonly all: readonly Participant[]; readonly total: number }) {
  const { value: told } = traffic;
  return (
    <>
      <Table label="Participants" class="participants">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Last round</th>
            <th scope="col" class="number">
              Rounds of {count(total)}
            </th>
            <th scope="col" class="number">
              Examples
            </th>
            <th scope="col" class="number">
              Updates
            </th>
            <th scope="col" class="number">
              Aggregated
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <tr key={one.name} class={one.name === self.value ? 'own' : undefined}>
              <th scope="row">
                {one.name}
                {one.name === self.value && ' (here)'}
              </th>
              <td>{one.last}</td>
              <td class="number">{count(one.rounds)}</td>
              <td class="number">{count(one.examples)}</td>
              <td class="number">{bytes(one.bytes)}</td>
              <td class="number">{count(one.led)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
      {told && (
        <p class="hint">
          This tab has sent {bytes(told.sentBytes)} and got {bytes(told.receivedBytes)}, none of it examples.
        </p>
      )}
    </>
  );
}

function RoundsTable({ all }: { readonly all: readonly Round[] }) {
  return (
    <Table label="Rounds, the newest first" class="federated-rounds">
      <thead>
        <tr>
          <th scope="col">Round</th>
          <th scope="col" class="number">
            Accuracy
          </th>
          <th scope="col" class="number">
            Travelled
          </th>
          <th scope="col">Contributed</th>
          <th scope="col">Missing or rejected</th>
        </tr>
      </thead>
      <tbody>
        {all
          .slice(-SHOWN)
          .reverse()
          .map(({ round, accuracy, contributions, missing, rejected }) => (
            <tr key={round}>
              <th scope="row">{round}</th>
              <td class="number">{accuracy === undefined ? '' : percent(accuracy)}</td>
              <td class="number">{bytes(contributions.reduce((sum, one) => sum + one.bytes, 0))}</td>
              <td>{namesOf(contributions.map(({ client }) => client))}</td>
              <td>{namesOf([...missing, ...rejected.map(({ client, why }) => `${client}: ${why}`)])}</td>
            </tr>
          ))}
      </tbody>
    </Table>
  );
}

const MOST_NAMES = 6;

function namesOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return more > 0 ? `${shown} and ${countOf(more, 'other')}` : shown;
}
