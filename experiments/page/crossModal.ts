// Teacher and student see different things of the same digit: the teacher all of it, the student its left half, or the
// digit in noise.
import { softTargets } from 'limbeck';
import { type Method, row, withLabels } from './method.ts';

export const crossModal: readonly Method[] = (['left half', 'noisy digits'] as const).map((view) =>
  row('cross-modal', `teacherData, ${view}`, (setting) => ({ loss: withLabels(setting, softTargets()) }), { view }),
);
