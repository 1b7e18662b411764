import { messageOf } from '../../core/errors.ts';
import type { Store } from '../../storage/store.ts';
import { type Learning, openLearning } from './commands/learning.ts';
import { openPredicting, type Predicting } from './commands/predicting.ts';
import { type IdleWork, idleWork } from './idle.ts';
import type { ProfileLearner } from './profile.ts';
import { openSession, type Session } from './session.ts';
import type { Settings } from './settings.ts';
import { type Archive, openArchive } from './storage/archive.ts';
import type { Binding } from './storage/binding.ts';
import { lockName } from './storage/places.ts';
import { openTabs, type Tabs } from './tabs.ts';

/** A profile that is open in this tab: what its commands share. */
export interface Opened {
  readonly archive: Archive;
  readonly learner: ProfileLearner;
  readonly settings: Settings;
  readonly session: Session;
  readonly predicting: Predicting;
  readonly learning: Learning;
  readonly idle: IdleWork;
  readonly tabs: Tabs;
  /** Tells this tab and the others that something else is stored now. */
  changed(): void;
  /** Learns when the page is idle, unless learning is 'asked'. */
  learnSoon(): void;
}

/** Opens everything, and finishes what a crash left half done. Throws what the store throws. */
export async function openHere(
  store: Store,
  binding: Binding,
  learner: ProfileLearner,
  settings: Settings,
): Promise<Opened> {
  const { name, mostVersions } = settings;
  const session = openSession(name);
  const archive = openArchive(store, name, binding, {
    privacy: learner.privacy,
    onNotice: session.notice,
    onGone() {
      session.end();
      session.check();
    },
  });

  function refresh(): void {
    predicting.startOver();
    session.tell({ type: 'changed' });
  }

  function changed(): void {
    refresh();
    tabs.tell('changed');
  }

  function learnSoon(): void {
    if (settings.learning === 'idle' && !session.isOver) idle.schedule();
  }

  async function learnIfDue(signal: AbortSignal): Promise<void> {
    const { ms, steps } = settings.idle;
    if (await learning.learnIfDue({ ms, steps }, session.tell, signal)) learnSoon();
  }

  const predicting = openPredicting(archive, learner, () => tabs.canHear);
  const learning = openLearning(archive, learner, { mostVersions, onChanged: changed });
  const idle = idleWork(
    (signal) => session.cancellable(learnIfDue, signal),
    settings.idle,
    (error) => !session.isOver && session.notice(`Learning by itself failed: ${messageOf(error)}`),
  );
  const tabs = openTabs(
    lockName(store, name),
    (message) => {
      if (message === 'destroyed') return session.end();
      if (message === 'forgot') {
        learning.startOver();
        archive.answers.onForgotten();
      }
      refresh();
      learnSoon();
    },
    () => void archive.checkThere().then(refresh, () => undefined),
  );
  try {
    await archive.aloneIfFree(archive.settle);
    if ((await archive.read()).isDue) learnSoon();
  } catch (error) {
    await idle.stop();
    tabs.close();
    throw error;
  }
  return { archive, learner, settings, session, predicting, learning, idle, tabs, changed, learnSoon };
}
