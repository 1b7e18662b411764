import type { StudentArtifacts } from '../student.ts';
import { functionalOf } from './classifier.ts';

/** What a student takes, from its topology: shapes by input name, without the batch; a free length is null. */
export function inputShapesOf(artifacts: StudentArtifacts): Readonly<Record<string, readonly (number | null)[]>> {
  const { config } = functionalOf(artifacts);
  return Object.fromEntries(
    config.input_layers.map(([name]) => {
      const shape = config.layers.find((layer) => layer.name === name)?.config['batch_input_shape'];
      return [name, (shape as (number | null)[]).slice(1)];
    }),
  );
}
