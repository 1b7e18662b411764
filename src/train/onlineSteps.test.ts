import { describe, expect, test } from 'vitest';
import { collaborative } from '../losses/combination/collaborative.ts';
import { earlyExits } from '../losses/combination/earlyExits.ts';
import { gatedBranches } from '../losses/combination/gatedBranches.ts';
import { mutual } from '../losses/combination/mutual.ts';
import type { Loss } from '../losses/loss.ts';
import { specOf } from '../losses/spec.ts';
import { branched } from '../student/kinds/branched.ts';
import { cohort } from '../student/kinds/cohort.ts';
import { withExits } from '../student/kinds/withExits.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { bytesOf, CLASSES, engineOn, FEATURES } from './engineCases.ts';
import { labelledSource } from './labelledCases.ts';

const portable = (loss: Loss) => structuredClone(specOf(loss));
const withWidth = (width: number) => mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [width] });
const pair = () => cohort([withWidth(16), withWidth(5)]);

const CASES = {
  'a cohort that learns mutually': { student: pair, loss: mutual() },
  'a cohort that learns from its mean': { student: pair, loss: collaborative() },
  branches: { student: () => branched(withWidth(16), { at: 1, branches: 3 }), loss: gatedBranches({ branches: 3 }) },
  'exits, led by a layer': {
    student: () =>
      withExits(mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [12, 9] }), { at: [1], features: 6 }),
    loss: earlyExits({ exits: 1 }),
  },
  'exits that a teacher teaches': {
    student: () => withExits(withWidth(12), { at: [1] }),
    loss: earlyExits({ exits: 1, from: 'teacher' }),
  },
} as const;

describe.each(['cpu', 'wasm'] as const)('steps on %s', (backend) => {
  const { train } = engineOn(backend);

  test.each(Object.keys(CASES) as (keyof typeof CASES)[])('of %s are replayed with equal results', async (name) => {
    const { student, loss } = CASES[name];
    const job = {
      student: await student().portable(),
      loss: portable(loss),
      epochs: 3,
      teacherShapes: { logits: [CLASSES] },
    };
    const first = await train(job, labelledSource());
    expect(first.error).toBeUndefined();
    expect(first.events.filter(({ type }) => type === 'notice')).toEqual([]);
    expect(first.epochs.at(-1)?.loss).toBeLessThan(first.epochs[0]?.loss as number);
    const second = await train(job, labelledSource());
    expect(bytesOf(second.artifacts)).toEqual(bytesOf(first.artifacts));
  });

  test('return a cohort member by member', async () => {
    const outcome = await train({ student: await pair().portable(), loss: portable(mutual()) }, labelledSource());
    const bytes = outcome.members?.map(({ weightData }) => weightData.byteLength) ?? [];
    expect(bytes).toEqual([16, 5].map((width) => 4 * (FEATURES * width + width + width * CLASSES + CLASSES)));
    expect(outcome.artifacts.weightData.byteLength).toBe((bytes[0] as number) + (bytes[1] as number));
  });
});
