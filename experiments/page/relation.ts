// How the teacher relates examples and features, added to soft targets, as published.
import {
  contrastive,
  correlationCongruence,
  hardDarkRank,
  instanceGraph,
  type Loss,
  localStructure,
  multiHeadRelation,
  probabilityTransfer,
  relationAngle,
  relationalRepresentation,
  relationDistance,
  similarity,
  softTargets,
} from 'limbeck';
import { type Kind, type Method, row, withLabels } from './method.ts';
import type { FeatureNames } from './teachers.ts';

/** Weights give the loss a gradient as long as that of cross-entropy, or a quarter of it, for a layer of some 100 features. */
function relating(name: string, weight: number, loss: (at: FeatureNames) => Loss, kind: Kind = 'relation'): Method {
  return row(
    kind,
    `softTargets + ${name}`,
    (setting) => ({ loss: withLabels(setting, softTargets(), [loss(setting.features), weight]) }),
    { addsTo: 'softTargets' },
  );
}

export const relation: readonly Method[] = [
  relating('similarity', 1200, (at) => similarity(at)),
  relating('relationDistance', 50, (at) => relationDistance(at)),
  relating('relationAngle', 60, (at) => relationAngle(at)),
  relating('correlationCongruence', 100, (at) => correlationCongruence(at)),
  relating('hardDarkRank', 0.5, (at) => hardDarkRank(at)),
  relating('localStructure', 200, (at) => localStructure(at), 'graph'),
  relating('multiHeadRelation', 3, (at) => multiHeadRelation(at)),
  relating('instanceGraph', 25, ({ output, teacherOutput }) =>
    instanceGraph({ outputs: [output, 'logits'], teacherOutputs: [teacherOutput, 'logits'] }),
  ),
  relating('probabilityTransfer', 600, (at) => probabilityTransfer(at), 'mutual information'),
  relating('contrastive', 1, (at) => contrastive(at), 'mutual information'),
  relating('contrastive with a bank', 1, (at) => contrastive({ ...at, bank: 1024 }), 'mutual information'),
  relating('relationalRepresentation', 1.5, (at) => relationalRepresentation(at)),
];
