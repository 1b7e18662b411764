// What happens inside the teacher: its features and maps, added to soft targets. Losses on maps need a student with maps, so
// in 'all' these rows have the cnn.
import {
  activationBoundary,
  attentionMap,
  channelSimilarity,
  channelWise,
  embeddingMatch,
  factorTransfer,
  featureHint,
  featureNormalized,
  flow,
  type Loss,
  maskedGeneration,
  neuronSelectivity,
  overhaul,
  review,
  softTargets,
  variationalInformation,
} from 'limbeck';
import type { SettingName } from './amounts.ts';
import { type Kind, type Method, row, withLabels } from './method.ts';
import type { Setting } from './settings.ts';

/** A row of the cnn with one loss on maps. */
function maps(
  name: string,
  weight: number | Readonly<Record<SettingName, number>>,
  loss: (setting: Setting) => Loss,
  { kind = 'intermediate', settings = ['few', 'all'] }: { kind?: Kind; settings?: readonly SettingName[] } = {},
): Method {
  return row(
    kind,
    `softTargets + ${name}`,
    (setting) => ({
      teacher: setting.maps,
      // Maps of ONNX models have their channels first, also where a `read` function hands them on.
      teacherChannels: 'first',
      loss: withLabels(setting, softTargets(), [
        loss(setting),
        typeof weight === 'number' ? weight : weight[setting.name],
      ]),
    }),
    { settings, student: 'cnn', addsTo: (of) => (of === 'few' ? 'softTargets' : 'softTargets, cnn') },
  );
}

export const intermediate: readonly Method[] = [
  row('response', 'softTargets, cnn', (setting) => ({ loss: withLabels(setting, softTargets()) }), {
    settings: ['all'],
    student: 'cnn',
  }),
  maps('featureHint', 1, ({ lastMaps }) => featureHint(lastMaps)),
  maps('attentionMap', 100, ({ lastMaps }) => attentionMap(lastMaps)),
  maps('flow', 1, () => flow({ outputs: ['conv_2', 'pool_2'], teacherOutputs: ['within_2', 'stage_2'] }), {
    settings: ['all'],
  }),
  maps('neuronSelectivity', 10, ({ lastMaps }) => neuronSelectivity(lastMaps)),
  maps('variationalInformation', 1, ({ lastMaps }) => variationalInformation({ ...lastMaps, layers: 1 }), {
    kind: 'mutual information',
  }),
  maps('factorTransfer', 10, ({ lastMaps }) => factorTransfer(lastMaps)),
  maps('activationBoundary', 1, ({ beforeActivation }) => activationBoundary(beforeActivation)),
  maps('overhaul', 1, ({ beforeActivation }) => overhaul(beforeActivation)),
  maps('review', 1, ({ stages }) => review({ ...stages, width: 16 })),
  maps('channelWise', 1, ({ lastMaps }) => channelWise({ ...lastMaps, projector: 'linear' })),
  maps('channelSimilarity', 1, ({ lastMaps }) => channelSimilarity(lastMaps)),
  maps('featureNormalized', 1, ({ lastMaps }) => featureNormalized({ ...lastMaps, projector: 'linear' })),
  maps('embeddingMatch', 1, ({ lastMaps }) => embeddingMatch({ ...lastMaps, kind: 'cosine' })),
  maps('maskedGeneration', 1, ({ lastMaps }) => maskedGeneration(lastMaps)),
];
