import {
  baseHash,
  openProfile,
  openTrainer,
  type Profile,
  type ProfileEvent,
  type Student,
  studentLearner,
  type Trainer,
  take,
} from 'limbeck';
import { LABELS, loadDigits, SIDE } from './digits.ts';
import { REPLAYED } from './handTrial.ts';
import { JOB_DEFAULTS } from './job.ts';
import { openPersonalStore, type PersonalStore } from './personalStore.ts';

/** Everything that is open while a person teaches the student. */
export interface Lesson {
  readonly student: Student;
  readonly trainer: Trainer;
  readonly digits: Awaited<ReturnType<typeof loadDigits>>;
  readonly place: PersonalStore;
  readonly profile: Profile;
  /** The same with a new store and profile, after the old ones were destroyed. */
  anew(): Promise<Lesson>;
}

/** Milliseconds of automatic learning at a time; it happens in a worker, so nothing waits for it. */
const IDLE_MS = 20_000;

export async function openLesson(student: Student, heard: (event: ProfileEvent) => void): Promise<Lesson> {
  const [trainer, digits] = await Promise.all([openTrainer(), loadDigits(JOB_DEFAULTS.limit)]);
  // A profile fits one student; one that is distilled later starts its own.
  const name = `digits-${(await baseHash(student)).slice(-16)}`;

  async function open(): Promise<Lesson> {
    const place = await openPersonalStore();
    try {
      const profile = await openProfile(place.store, student, {
        name,
        keeps: 'examples',
        labels: LABELS,
        learner: studentLearner({ trainer, seed: 1, keep: { replay: take(digits.data, REPLAYED) } }),
        idle: { ms: IDLE_MS },
      });
      profile.watch(heard);
      return { student, trainer, digits, place, profile, anew: open };
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  try {
    return await open();
  } catch (error) {
    await trainer[Symbol.asyncDispose]();
    throw error;
  }
}

/** A digit as the student's input. */
export function inputOf(digit: Float32Array) {
  return { data: digit, shape: [SIDE, SIDE, 1] };
}
