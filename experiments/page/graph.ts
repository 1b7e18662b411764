// A graph over the local examples as teacher. What `localStructure` makes of graphs stands among the relations.
import { graphTeacher, labelPropagation, type NdArray, nearestNeighbours, softTargets, storedAnswers } from 'limbeck';
import { common, type Method, row } from './method.ts';
import { answersOf } from './named.ts';
import type { Setting } from './settings.ts';

/** The text reader's features, averaged over time. */
function features(setting: Setting): Promise<NdArray> {
  return setting.once('features', async () => {
    const { data, shape } = await answersOf(setting, 'features');
    const [size = 0, time = 0, width = 0] = shape;
    const means = new Float32Array(size * width);
    data.forEach((value, i) => {
      const at = Math.floor(i / (time * width)) * width + (i % width);
      means[at] = (means[at] as number) + value / time;
    });
    return { data: means, shape: [size, width] };
  });
}

export const graph: readonly Method[] = [
  {
    name: 'graphTeacher',
    kind: 'graph',
    settings: ['few'],
    teacher: 'labels that travel along a graph',
    async run(setting, seed) {
      const { unlabelled, labels, epochs } = setting;
      const run = graphTeacher({
        student: setting.student(),
        data: unlabelled,
        labels,
        features: await features(setting),
        neighbours: { k: 10, metric: 'cosine' },
        labelWeight: 0.5,
        epochs: epochs + 1,
        ...common(setting, seed),
      });
      return (await run.done).student;
    },
  },
  row(
    'graph',
    'nearestNeighbours + labelPropagation',
    async (setting) => {
      const { unlabelled, labels, epochs } = setting;
      const probs = await setting.once('propagated', async () =>
        labelPropagation(await nearestNeighbours(await features(setting), { k: 10, metric: 'cosine' }), labels, {
          alpha: 0.9,
        }),
      );
      const logits = { data: Float32Array.from(probs.data, (p) => Math.log(Math.max(p, 1e-4))), shape: probs.shape };
      return {
        ...storedAnswers({ logits }, { name: 'graph' }),
        data: unlabelled,
        loss: softTargets({ temperature: 1 }),
        epochs: epochs + 1,
      };
    },
    { settings: ['few'], teacher: 'labels that travel along a graph' },
  ),
];
