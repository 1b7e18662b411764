import { accuracyOf } from './accuracyOf.ts';
import { type Clock, deviceClock } from './clock.ts';
import type { FederateEvent } from './events.ts';
import type { FederateSettings } from './federateOptions.ts';
import type { Federated, FederateReport } from './federateReport.ts';
import { openClient } from './openClient.ts';
import { runRounds } from './rounds.ts';
import { fedAvg } from './strategies/fedAvg.ts';

/** A client of checked options, from joining to the end. Throws what `federate` throws. */
export async function runFederate(
  settings: FederateSettings,
  emit: (event: FederateEvent) => void,
  signal: AbortSignal,
  clock: Clock = deviceClock,
): Promise<Federated> {
  const startedAt = clock.now();
  const { holdout, strategy = fedAvg(), seed, mayAggregate: mayLead, records: readsRecords } = settings;
  await using opened = await openClient(settings, { emit, signal, clock });
  const { student, session, trainer } = opened;
  const { federation, client, member, board } = session;
  const accuracies = new Map<number, number>();
  const onAdopted = async (after: number) => {
    await student.adopt(member.artifacts());
    if (after === 0 || holdout === undefined) return;
    const accuracy = await accuracyOf(trainer, member.artifacts(), holdout, signal);
    accuracies.set(after, accuracy);
    emit({ type: 'evaluated', round: after, accuracy });
  };
  const { rounds, sent, late } = await runRounds(session, { onAdopted, mayLead, readsRecords });
  const contributions: Record<string, number> = {};
  for (const record of rounds) {
    for (const one of record.contributions) contributions[one.client] = (contributions[one.client] ?? 0) + 1;
  }
  const report: FederateReport = {
    ...{ federation, client, strategy: { name: strategy.name, options: strategy.options }, sent, late, contributions },
    rounds: rounds.map((record) => {
      const accuracy = accuracies.get(record.round);
      return { ...record, ...(accuracy !== undefined && { accuracy }) };
    }),
    ...board.traffic(),
    ...{ seed, ms: clock.now() - startedAt },
  };
  return { student, report };
}
