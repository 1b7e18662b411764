import { startRun } from '../../core/run.ts';
import type { Store } from '../../storage/store.ts';
import type { StudentSource } from '../../student/artifacts.ts';
import { baseHash } from '../../student/patch/baseHash.ts';
import { checkLearnOptions } from '../budget.ts';
import { importBytes } from './commands/importing.ts';
import { observe, teach } from './commands/observe.ts';
import { forget, rollBack } from './commands/revising.ts';
import { toldContents, toldExamples, toldVersion } from './commands/told.ts';
import { type Opened, openHere } from './opened.ts';
import type { Profile } from './profile.ts';
import { checkLearner, checkSettings, type ProfileOptions } from './settings.ts';
import { type Binding, bind, keysOf, unbind, wipeProfile } from './storage/binding.ts';
import { exclusively } from './storage/lock.ts';
import { lockName, placesOf } from './storage/places.ts';
import { writeProfileFile } from './storage/profileFile.ts';
import { studentLearner } from './studentLearner.ts';

/**
 * Opens what a person taught a student, or begins it. Examples and versions lie in the store: what was acknowledged
 * survives a crash at any moment, and several tabs may have the same profile open. A profile belongs to one base,
 * identified by its hash. `store` and `base` stay the caller's.
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
    return profileOver(await openHere(store, binding, learner, settings));
  } catch (error) {
    await learner[Symbol.asyncDispose]?.();
    throw error;
  }
}

function profileOver(opened: Opened): Profile {
  const { archive, learner, settings, session, predicting, learning, idle, tabs } = opened;
  const { store, places, binding } = archive;
  const { name } = settings;
  const perform = <T>(work: () => Promise<T>) => session.perform(() => archive.whileThere(work));
  const profile: Profile = {
    name,
    notices: session.notices,
    observe: (input, label, { id } = {}) => session.perform(() => observe(opened, input, label, id)),
    teach: (input, label, { id } = {}) => session.perform(() => teach(opened, input, label, id)),
    predict: (input) => session.perform(() => predicting.predict(input)),
    learn: (given = {}) =>
      startRun(
        (emit, signal) =>
          session.cancellable((either) => learning.learn(checkLearnOptions(given), emit, either), signal),
        given?.signal,
      ),
    pause: () => idle.pause(),
    resume: () => idle.resume(),
    current: () => perform(async () => toldVersion((await archive.read()).current, binding.labels)),
    history: () => perform(async () => (await archive.read()).versions.map((one) => toldVersion(one, binding.labels))),
    rollback: (number, { signal } = {}) => session.cancellable((either) => rollBack(opened, number, either), signal),
    forget: (id) => session.perform(() => forget(opened, id)),
    examples: () => perform(() => toldExamples(archive)),
    contents: () => perform(() => toldContents(archive)),
    exportBytes: () => perform(() => writeProfileFile(archive)),
    importBytes: (bytes) => session.perform(() => importBytes(opened, bytes)),
    cachedTeacher(teacher, given) {
      session.check();
      return archive.answers.cached(teacher, given);
    },
    async destroy() {
      session.check();
      await keysOf(store, places);
      await archive.whileThere(() => unbind(store, places));
      tabs.tell('destroyed');
      await profile[Symbol.asyncDispose]();
      await exclusively(lockName(store, name), () => wipeProfile(store, places, name, binding.mark));
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
}
