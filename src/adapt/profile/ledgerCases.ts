import { privacySpent } from '../privacy/accountant.ts';
import type { LearnerPrivacy, PrivacyTotal } from './privacy.ts';
import type { Profile } from './profile.ts';
import { type Disk, type FakeLearner, makeDisk, meanLearner, openWith, point, storeOn } from './profileCases.ts';

export const STEPS = { noiseMultiplier: 2, sampleFraction: 0.1, steps: 50, delta: 1e-4 };
/** The accountant's own figure for so many runs. */
export const epsilonOf = (runs: number) => privacySpent({ ...STEPS, steps: runs * STEPS.steps }).epsilon;

export interface Noisy extends FakeLearner {
  privacy?: LearnerPrivacy;
  /** Called once the spend was begun. */
  onBegun?: () => unknown;
  isSilent?: boolean;
}

export function noisy(budget?: number): Noisy {
  const learner: Noisy = Object.assign(meanLearner(), {
    privacy: { ...(budget !== undefined && { budget }), spendFor: () => STEPS },
  });
  const { learn } = learner;
  learner.learn = async (kept, limits, emit, signal, begin) => {
    if (learner.isSilent !== true) await begin();
    learner.onBegun?.();
    return learn(kept, limits, emit, signal, begin);
  };
  return learner;
}

export async function opened(learner: FakeLearner = noisy(), disk: Disk = makeDisk()) {
  const profile = await openWith(await storeOn(disk), { learner: () => learner });
  return { disk, learner: learner as Noisy, profile };
}

export async function learnTimes(profile: Profile, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await profile.observe(point(Math.random(), 1), 'left');
    await profile.learn().done;
  }
}

export async function privacyOf(profile: Profile): Promise<PrivacyTotal | undefined> {
  return (await profile.contents()).privacy;
}

export const spentKeys = ({ values }: Disk) => [...values.keys()].filter((key) => key.includes('/spent/'));
