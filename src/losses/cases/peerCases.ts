// What the tests of losses between a student's own outputs share. Only tests import this file.
import type { LossInputs, Values } from './lossCases.ts';
import { plainLogProbs } from './lossContract.ts';
import { mean, plainDivergence } from './responseCases.ts';

/** Of outputs '<output>.0', '<output>.1' …. */
export function plainPeers({ student }: LossInputs, output = 'logits'): Values[] {
  return Object.entries(student).flatMap(([name, values]) => (name.startsWith(`${output}.`) ? [values] : []));
}

/** Mean of −log p(label). */
export function plainLabelled(logits: Values, labels: readonly number[] = []): number {
  return -mean(plainLogProbs(logits).map((row, i) => row[labels[i] as number] as number));
}

/** Mean of T² · KL(p_teacher ‖ p_student). */
export function plainTaught(teacher: Values, student: Values, temperature: number): number {
  const [p, q] = [plainLogProbs(teacher, temperature), plainLogProbs(student, temperature)];
  return temperature ** 2 * mean(p.map((row, i) => plainDivergence(row, q[i] as number[])));
}
