import { trainWorkload } from '../trainWorkload.ts';

/**
 * One step of Adam on softened targets, over and over, with its loss read. The answers stand for those of a teacher: numbers of a
 * seed, since a step costs the same whatever they are.
 */
export const distillationStep = trainWorkload('distillation-step', 'softTargets');
