import { baselines } from './baselines.ts';
import { combination } from './combination.ts';
import { crossModal } from './crossModal.ts';
import { graph } from './graph.ts';
import { intermediate } from './intermediate.ts';
import type { Method } from './method.ts';
import { multiTeacher } from './multiTeacher.ts';
import { newClassesCandidates } from './newClasses.ts';
import { objectives } from './objectives.ts';
import { online } from './online.ts';
import { relation } from './relation.ts';
import { response } from './response.ts';
import { self } from './self.ts';

/** Every row of the tables, and every candidate of what is chosen. */
export const methods: readonly Method[] = [
  ...baselines,
  ...response,
  ...intermediate,
  ...relation,
  ...combination,
  ...multiTeacher,
  ...online,
  ...self,
  ...crossModal,
  ...graph,
  ...objectives,
  ...newClassesCandidates,
];
