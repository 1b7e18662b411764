import { trainWorkload } from '../trainWorkload.ts';

/** One step of Adam on the cross-entropy with labels of one batch, over and over, with its loss read. */
export const trainStep = trainWorkload('train-step', 'crossEntropy');
