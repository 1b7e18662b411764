import { messageOf } from '../../core/errors.ts';
import { startRun } from '../../core/run.ts';
import type { Store } from '../../storage/store.ts';
import type { StudentSource } from '../../student/artifacts.ts';
import { baseHash } from '../../student/patch/baseHash.ts';
import { checkLearnOptions } from '../budget.ts';
import { openAnswers } from './answers.ts';
import { type Binding, bind, checkBinding, keysOf, readBinding, unbind, wipeProfile } from './binding.ts';
import { asBatch } from './exampleInput.ts';
import { idleWork } from './idle.ts';
import { importFile } from './importing.ts';
import { openJournal } from './journal.ts';
import { openLearning } from './learning.ts';
import { openLedger } from './ledger.ts';
import { exclusively, exclusivelyIfFree } from './lock.ts';
import { lockName, placesOf } from './places.ts';
import { featuresOf, type Predictor, predict, predictorOf } from './predicting.ts';
import type { ExampleInput, Profile, ProfileLearner } from './profile.ts';
import { readProfileFile, writeProfileFile } from './profileFile.ts';
import { deleteDamaged, deleteExample, rollBack } from './revising.ts';
import { openSession } from './session.ts';
import { checkLabel, checkLearner, checkSettings, type ProfileOptions, type Settings } from './settings.ts';
import { settle } from './settle.ts';
import { readState } from './state.ts';
import { studentLearner } from './studentLearner.ts';
import { openTabs } from './tabs.ts';
import { contentsOf, toldExample, toldVersion } from './told.ts';
import { openVersions, type StoredVersion } from './versions.ts';

/**
 * Opens what a person taught a student, or begins it. Examples and versions lie in the store: what was acknowledged
 * survives a crash at any moment, and several tabs may have the same profile open. A profile fits one base, told by its
 * hash. `store` and `base` stay the caller's.
 * Throws    invalid-option · patch-mismatch: the profile belongs to another base · class-mismatch: other labels, or not one
 *           a class · profile-invalid: its binding is damaged; `destroyProfile` removes it · what the store throws
 */
export async function openProfile(store: Store, base: StudentSource, options: ProfileOptions = {}): Promise<Profile> {
  const settings = checkSettings(options);
  const { name, keeps, labels } = settings;
  const places = placesOf(name);
  const hash = await baseHash(base);
  const learner = await (options.learner ?? studentLearner())(base);
  try {
    checkLearner(settings, learner);
    const numbers = Array.from({ length: learner.classes }, (_, i) => String(i));
    const lock = lockName(store, name);
    const alone = (work: () => Promise<Binding>) => exclusively(lock, work);
    const binding = await bind(store, places, name, { base: hash, keeps, labels }, numbers, alone);
    return await profileOver(store, binding, learner, settings);
  } catch (error) {
    await learner[Symbol.asyncDispose]?.();
    throw error;
  }
}

async function profileOver(store: Store, binding: Binding, learner: ProfileLearner, settings: Settings) {
  const { name } = settings;
  const { keeps, labels } = binding;
  const places = placesOf(name);
  const lock = lockName(store, name);
  const session = openSession(name);
  const onNotice = session.notice;
  let predictor: Promise<Predictor> | undefined;

  const looked = async <T>(work: () => Promise<T>) => {
    await checkThere();
    return work();
  };
  /** A tab that did not hear of the end may have waited for the lock: it must write nothing into what came after. */
  const alone = <T>(work: () => Promise<T>, signal?: AbortSignal) => exclusively(lock, () => looked(work), signal);
  const perform = <T>(work: () => Promise<T>) => session.perform(() => looked(work));
  const versions = openVersions(store, places, binding.base, onNotice);
  const read = () => readState(store, places, versions, onNotice);
  const settled = () => settle(store, places, read);
  const journal = openJournal(store, places, { keys: async () => (await read()).examples, checkThere, onNotice });
  const ledger = openLedger(store, places, { privacy: learner.privacy, read, onNotice });
  const answers = openAnswers(store, places, checkThere);
  const asVersion = (version: StoredVersion | undefined) => toldVersion(version, labels);
  const { base } = binding;
  const { idle: limits, mostVersions } = settings;
  const learning = openLearning({
    ...{ store, places, base, learner, labels, keeps, mostVersions },
    ...{ journal, ledger, versions, settle: settled, read, checkThere, asVersion, onNotice, alone, onChanged: changed },
  });
  const idle = idleWork(
    (signal) => session.cancellable(learnIfDue, signal),
    settings.idle,
    (error) => !session.isOver && onNotice(`Learning by itself failed: ${messageOf(error)}`),
  );
  const tabs = openTabs(
    lock,
    (message) => {
      if (message === 'destroyed') return session.end();
      if (message === 'forgot') {
        learning.startOver();
        answers.onForgotten();
      }
      refresh();
      scheduleIdle();
    },
    () => void checkThere().then(refresh, () => undefined),
  );

  try {
    await exclusivelyIfFree(lock, () => looked(settled));
    if ((await read()).isDue) scheduleIdle();
  } catch (error) {
    await idle.stop();
    tabs.close();
    throw error;
  }

  /** Throws    disposed: the profile was destroyed, be there another one under its name */
  async function checkThere(): Promise<void> {
    const now = await readBinding(store, places, name);
    if (now?.mark === binding.mark) return;
    session.end();
    session.check();
  }

  function scheduleIdle(): void {
    if (settings.learning === 'idle' && !session.isOver) idle.schedule();
  }

  function refresh(): void {
    predictor = undefined;
    session.tell({ type: 'changed' });
  }

  function changed(): void {
    refresh();
    tabs.tell('changed');
  }

  async function observe(input: ExampleInput, label: string, id?: string): Promise<string> {
    const batch = asBatch(input, learner.inputs);
    checkLabel(label, labels, settings.newLabels);
    const kept = await journal.add(
      label,
      keeps === 'examples' ? batch : { features: await featuresOf(learner, batch) },
      id,
    );
    changed();
    return kept;
  }

  async function learnIfDue(signal: AbortSignal): Promise<void> {
    if (await learning.learnIfDue({ ms: limits.ms, steps: limits.steps }, session.tell, signal)) scheduleIdle();
  }

  const profile: Profile = {
    name,
    notices: session.notices,
    observe: (input, label, { id } = {}) => session.perform(() => observe(input, label, id)),
    teach: (input, label, { id } = {}) =>
      session.perform(async () => {
        const kept = await observe(input, label, id);
        scheduleIdle();
        return kept;
      }),
    predict: (input) =>
      session.perform(async () => {
        const batch = asBatch(input, learner.inputs);
        if (!tabs.canHear) predictor = undefined;
        predictor ??= looked(() => predictorOf(read, versions, labels));
        const mine = predictor;
        return predict(learner, await mine.catch(forgetPredictor), batch);
      }),
    learn: (given = {}) =>
      startRun(
        (emit, signal) =>
          session.cancellable((either) => learning.learn(checkLearnOptions(given), emit, either), signal),
        given?.signal,
      ),
    pause: () => idle.pause(),
    resume: () => idle.resume(),
    current: () => perform(async () => asVersion((await read()).current)),
    history: () => perform(async () => (await read()).versions.map(asVersion)),
    rollback: (number, { signal } = {}) =>
      session.cancellable(async (either) => {
        idle.interrupt();
        await alone(async () => rollBack(store, places, await settled(), number), either);
        changed();
        return asVersion((await read()).current);
      }, signal),
    forget: (id) =>
      session.perform(async () => {
        const before = await read();
        // Looked at after reading: what is deleted is then of this profile, whatever comes in between.
        const gone = await looked(() => deleteExample(store, places, before, id, answers.forget));
        predictor = undefined;
        learning.startOver();
        tabs.tell('forgot');
        const state = await alone(async () => {
          await deleteDamaged(store, places, await settled());
          return settled();
        });
        changed();
        if (state.isDue) scheduleIdle();
        return { versions: gone.map((version) => version.number), current: asVersion(state.current) };
      }),
    examples: () => perform(async () => (await journal.entries((await read()).examples)).map(toldExample)),
    contents: () =>
      perform(async () => {
        const state = await read();
        const entries = await journal.entries(state.examples);
        const [answerBytes, privacy] = await Promise.all([answers.bytes(state.answers), ledger.total(state)]);
        return contentsOf(keeps, entries, state.versions, { answerBytes, privacy });
      }),
    exportBytes: () => perform(() => writeProfileFile(store, places, ledger, read)),
    importBytes: (bytes) =>
      session.perform(async () => {
        const file = await readProfileFile(bytes);
        checkBinding(file.binding, binding, 'The profile’s file');
        const { inputs } = learner;
        const parts = { store, places, journal, ledger, versions, keeps, inputs, read };
        await alone(async () => importFile(file, parts, await settled()));
        changed();
        const state = await read();
        if (state.isDue) scheduleIdle();
        return asVersion(state.current);
      }),
    cachedTeacher(teacher, given) {
      session.check();
      return answers.cached(teacher, given);
    },
    async destroy() {
      session.check();
      await keysOf(store, places);
      await looked(() => unbind(store, places));
      tabs.tell('destroyed');
      await profile[Symbol.asyncDispose]();
      await exclusively(lock, () => wipeProfile(store, places, name, binding.mark));
    },
    watch: (listener) => session.watch(listener),
    [Symbol.asyncDispose]: () =>
      session.close(async () => {
        await idle.stop();
        tabs.close();
        await learner[Symbol.asyncDispose]?.();
      }),
  };
  return profile;

  /** What failed is not kept. */
  function forgetPredictor(error: unknown): never {
    predictor = undefined;
    throw error;
  }
}
