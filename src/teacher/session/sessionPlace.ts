import { LimbeckError, messageOf } from '../../core/errors.ts';
import { relieveMemory } from '../../core/memoryPressure.ts';
import type { WorkerOption } from '../../workers/host.ts';
import type { PlacedSession } from './recover.ts';
import type { ModelFiles, Placement, SessionSettings } from './sessionSettings.ts';
import { type StartedSession, startSession } from './sessionStart.ts';

/** What a session of a model is opened with, each time. */
export interface Opening {
  readonly files: ModelFiles;
  readonly settings: SessionSettings;
  readonly worker: WorkerOption;
  /** Starts the thread that the session runs on; another one in tests. */
  readonly start?: typeof startSession;
}

/**
 * Opens a model in a thread of its own.
 * Throws    worker-unreachable · what `open` of the session throws
 */
export async function openAt({ start = startSession, ...opening }: Opening, placement: Placement) {
  return openIn(await start(opening.worker), opening, placement);
}

async function openIn(
  session: StartedSession,
  { files, settings }: Pick<Opening, 'files' | 'settings'>,
  placement: Placement,
): Promise<PlacedSession> {
  try {
    const opened = await session.open(files, settings, placement);
    return { ...session, placement, opened };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Opens a model for the first time. `choose` gets its hash and says where; if it does not open there, the next best place is
 * taken, and `tell` hears why.
 * Throws    what `openAt` throws where there is no next best
 */
export async function openFirst(
  opening: Opening,
  choose: (hash: string) => Promise<Placement>,
  tell: (notice: string) => void,
): Promise<{ session: PlacedSession; hash: string }> {
  const started = await (opening.start ?? startSession)(opening.worker);
  let placement: Placement;
  let hash: string;
  try {
    hash = await started.hash(opening.files);
    placement = await choose(hash);
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  }
  for (let opens = () => openIn(started, opening, placement); ; opens = () => openAt(opening, placement)) {
    try {
      return { session: await opens(), hash };
    } catch (error) {
      // A trainer that is only kept warm for the next run is ended.
      if (error instanceof LimbeckError && error.code === 'out-of-memory' && (await relieveMemory())) continue;
      const next = nextBest(error, placement);
      if (next === undefined) throw error;
      tell(next.notice);
      placement = next.placement;
    }
  }
}

function nextBest(error: unknown, placement: Placement): { placement: Placement; notice: string } | undefined {
  if (!(error instanceof LimbeckError) || error.code === 'worker-unreachable') return undefined;
  if (placement.device !== 'wasm') {
    const notice = `The teacher did not open on ${placement.device} (${messageOf(error)}); it runs on wasm.`;
    return { placement: { ...placement, device: 'wasm' }, notice };
  }
  // Some devices refuse the shared memory of the threaded build but run it on one thread.
  if (error.code !== 'out-of-memory' || placement.threads === 1) return undefined;
  const notice = 'The teacher did not fit with several threads; it runs on one.';
  return { placement: { ...placement, threads: 1 }, notice };
}
