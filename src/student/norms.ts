import { functionalOf } from './classifier.ts';
import type { StudentArtifacts } from './student.ts';

/** Whether a student normalizes anywhere, models inside it included. */
export function hasNorms(artifacts: StudentArtifacts): boolean {
  const classes = ['BatchNormalization', 'LayerNormalization'];
  const text = JSON.stringify(functionalOf(artifacts).config.layers);
  return classes.some((name) => text.includes(`"class_name":"${name}"`));
}
