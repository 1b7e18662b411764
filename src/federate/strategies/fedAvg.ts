import type { Strategy } from '../strategy.ts';
import { weightsMember } from '../weightsMember.ts';

/**
 * Federated averaging (FedAvg): clients learn from the shared weights, and their weights are averaged by their numbers of
 * examples. After one step of plain SGD on equal shares this is one step on all examples together.
 * Shapes    every weight of the student
 * Units     none
 * Throws    student-invalid: two weights of one name
 * Source    McMahan et al. 2017, algorithm 1, arXiv:1602.05629
 * Differs   the statistics of batch normalization are averaged too; a client's optimizer starts anew in each round
 */
export function fedAvg(): Strategy {
  return {
    name: 'fedAvg',
    options: {},
    kind: 'weights',
    takesCombine: true,
    open: async (device) => weightsMember(device),
  };
}
