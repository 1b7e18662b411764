// How the teacher relates examples, and what its features say of the student's: beside soft targets, as published.
import { contrastive, crossEntropy, type Loss, similarity, softTargets, weighted } from 'limbeck';
import { type Kind, learned, type Method } from './method.ts';
import type { Setting } from './settings.ts';

/** The layer before the logits, on both sides. */
export function featuresOf({ name }: Setting) {
  return { output: name === 'few' ? 'dense' : 'dense_2', teacherOutput: 'features' };
}

/** Soft targets, the labels that there are, and one loss more. */
export function besides(loss: Loss, weight: number): Loss {
  return weighted([
    { loss: softTargets(), weight: 1 },
    { loss: crossEntropy(), weight: 0.3 },
    { loss, weight },
  ]);
}

export function featureRow(name: string, kind: Kind, weight: number, loss: (setting: Setting) => Loss): Method {
  return {
    name: `softTargets + ${name}`,
    kind,
    settings: ['few', 'all'],
    run: async (setting, seed) => (await learned(setting, seed, { loss: besides(loss(setting), weight) })).accuracy,
  };
}

export const relation: readonly Method[] = [
  featureRow('similarity', 'relation', 100, (setting) => similarity(featuresOf(setting))),
  featureRow('contrastive', 'mutual information', 0.5, (setting) => contrastive(featuresOf(setting))),
];
