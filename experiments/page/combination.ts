// How losses are brought together: weights that move, that are measured, that are learned, and one for each example.
import {
  crossEntropy,
  exampleWeighted,
  linear,
  relationDistance,
  similarity,
  softTargets,
  uncertaintyWeighted,
  warmUp,
  weighted,
} from 'limbeck';
import { type Method, row, withLabels } from './method.ts';

function byExample(name: string, by: Parameters<typeof exampleWeighted>[1]): Method {
  return row(
    'combination',
    `exampleWeighted, ${name}`,
    (setting) => ({ loss: withLabels(setting, exampleWeighted(softTargets(), by)) }),
    { addsTo: 'softTargets' },
  );
}

export const combination: readonly Method[] = [
  row(
    'combination',
    'weighted, the teacher fades',
    ({ labelWeight }) => ({
      loss: weighted([
        { loss: softTargets(), weight: linear(1.5, 0.3) },
        { loss: crossEntropy(), weight: labelWeight },
      ]),
    }),
    { addsTo: 'softTargets' },
  ),
  row(
    'combination',
    'weighted, relations warm up',
    ({ labelWeight, features }) => ({
      loss: weighted([
        { loss: softTargets(), weight: 1 },
        { loss: similarity(features), weight: warmUp({ epochs: 3, to: 1200 }) },
        { loss: crossEntropy(), weight: labelWeight },
      ]),
    }),
    { addsTo: 'softTargets + similarity' },
  ),
  row('combination', 'weighted, balanced', ({ features }) => ({
    balance: true,
    loss: weighted([
      { loss: softTargets(), weight: 1 },
      { loss: relationDistance(features), weight: 0.3 },
      { loss: crossEntropy(), weight: 0.5 },
    ]),
  })),
  row('combination', 'uncertaintyWeighted', ({ features }) => ({
    loss: uncertaintyWeighted([softTargets(), relationDistance(features), crossEntropy()]),
  })),
  byExample('confidence', { kind: 'confidence', threshold: 0.8 }),
  byExample('entropy', { kind: 'entropy' }),
];
