// The worker of the page Federate: one client of a federation. Here its heartbeats go on while the tab is hidden, and the page
// never waits, not even while it aggregates.
import { mlp, openStore, openTrainer, withoutLabels } from 'limbeck';
import {
  fedAvg,
  fedDf,
  federate,
  fedMd,
  fedProx,
  fedYogi,
  openBroadcastChannel,
  openNats,
  type Transport,
} from 'limbeck/federate';
import { SIDE } from '../digits.ts';
import { errorOf } from '../frame/plainError.ts';
import { type Agreement, type Joining, STRATEGIES, type Told } from './messages.ts';
import { holdStore } from './numbered.ts';
import { digitsFor } from './share.ts';

const MAKE = { fedAvg, fedProx, fedYogi, fedDf, fedMd };
/** Tabs are near each other; a phone on a slow line takes seconds. */
const PACE = { minimumClients: 2, beatMs: 500, vanishMs: 6000, roundMs: 30_000 };
const LEARNING = { epochs: 2, batchSize: 16, optimizer: { learningRate: 0.002 }, seed: 1 };
const HIDDEN = [64];
const MOST_ROUNDS = 1000;

const leaving = new AbortController();
let isAsked = false;
const tell = (told: Told) => postMessage(told);

addEventListener('message', ({ data }: MessageEvent<Joining | 'leave'>) => {
  if (data === 'leave') leaving.abort();
  else if (!isAsked) {
    isAsked = true;
    void takePart(data).catch((error: unknown) => tell({ type: 'failed', error: errorOf(error) }));
  }
});

async function takePart({ base, client, clientsToBegin, place, share, ...wanted }: Joining): Promise<void> {
  const { signal } = leaving;
  const { data, holdout, shown } = await digitsFor(base, share, signal);
  using _ = 'store' in place ? await holdStore(place.store) : undefined;
  await using store = 'store' in place ? await openStore(place.store) : undefined;
  await using transport = 'store' in place ? await openBroadcastChannel(place.store, { store }) : await openNats(place);
  const agreed = (await agreementAt(transport)) ?? wanted;
  tell({ type: 'agreed', ...agreed });
  // A student this small needs one thread, and other tabs want theirs.
  await using trainer = await openTrainer({ threads: 1 });
  const run = federate({
    ...{ transport, client, clientsToBegin, trainer, data, holdout, signal, ...PACE, ...LEARNING },
    student: mlp({ inputShape: [SIDE, SIDE, 1], hidden: HIDDEN }),
    strategy: MAKE[agreed.strategy](),
    publicData: withoutLabels(shown),
    rounds: agreed.rounds,
    mayAggregate: 'store' in place || place.device !== true,
  });
  let [sentBytes, receivedBytes] = [0, 0];
  try {
    for await (const event of run) if (event.type !== 'step') tell({ type: 'event', event });
    const { report } = await run.done;
    [sentBytes, receivedBytes] = [report.sentBytes, report.receivedBytes];
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  tell({ type: 'over', hasLeft: signal.aborted, sentBytes, receivedBytes });
}

/** What those agreed on who have begun already; undefined if nobody has, or the page does not know their way. */
async function agreementAt(transport: Transport): Promise<Agreement | undefined> {
  const head = await transport.get('head');
  if (head === undefined) return undefined;
  try {
    const { settings } = JSON.parse(new TextDecoder().decode(head.value));
    const strategy = STRATEGIES.find(({ name }) => name === settings.strategy)?.name;
    const { rounds } = settings;
    const isSound = Number.isInteger(rounds) && rounds > 0 && rounds <= MOST_ROUNDS;
    return strategy && isSound ? { strategy, rounds } : undefined;
  } catch {
    // Whoever joins is told what is wrong with it.
    return undefined;
  }
}
