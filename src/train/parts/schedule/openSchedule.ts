import { weightAt } from '../../../losses/schedule.ts';
import type { OpenPart, Part, PartContext } from '../part.ts';
import { isPlateau, type PlateauOptions, readPlateau } from './schedule.ts';

/** Sets the learning rate of each step. */
export const openSchedule: OpenPart = (context) => {
  const { job, optimizer } = context;
  const { schedule } = job;
  if (schedule === undefined || optimizer === undefined) return undefined;
  if (isPlateau(schedule)) return plateau(schedule, context, optimizer);
  const { learningRate } = optimizer.settings;
  return {
    async beforeStep(_, at) {
      optimizer.setLearningRate(learningRate * weightAt(schedule, at));
    },
  };
};

function plateau(
  options: PlateauOptions,
  { job, source }: PartContext,
  optimizer: NonNullable<PartContext['optimizer']>,
): Part {
  const { factor, patience, least } = readPlateau(options);
  const lowest = least * optimizer.settings.learningRate;
  let bestLoss = Number.POSITIVE_INFINITY;
  let idle = 0;
  return {
    async afterEvent({ epoch, loss }) {
      const isBetter = job.keepBest ? (await source?.judge?.(epoch))?.isBest : loss < bestLoss;
      bestLoss = Math.min(bestLoss, loss);
      idle = isBetter ? 0 : idle + 1;
      if (idle > patience) {
        idle = 0;
        optimizer.setLearningRate(Math.max(lowest, factor * optimizer.settings.learningRate));
      }
      return undefined;
    },
    state: async () => ({ numbers: [optimizer.settings.learningRate, bestLoss, idle] }),
    restore({ numbers: [rate = 0, kept = 0, waited = 0] = [] }) {
      optimizer.setLearningRate(rate);
      [bestLoss, idle] = [kept, waited];
    },
  };
}
