// What the tests of losses between a student's own outputs share. Only tests import this file.
import { readFileSync } from 'node:fs';
import type { LossInputs, Values } from './lossCases.ts';
import { plainLogProbs } from './lossContract.ts';
import { mean } from './plainCases.ts';
import { plainDivergence } from './responseCases.ts';

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

/**
 * A reference for `checkLoss` that is differentiated by moving one number at a time: `fixed` are the same inputs before
 * that number was moved, from which it takes what gets no gradient.
 */
export function withFixed<Options>(
  golden: string,
  reference: (inputs: LossInputs, options: Options, fixed: LossInputs) => number,
): (inputs: LossInputs, options: Options) => number {
  const known = readStudents(golden);
  return (inputs, options) => {
    const before = known.find((student) => differences(student, inputs.student) <= 1);
    return reference(inputs, options, before === undefined ? inputs : { ...inputs, student: before });
  };
}

interface Golden {
  readonly inputs: Readonly<
    Record<string, { readonly student: Readonly<Record<string, { shape: number[]; k: number[] }>> }>
  >;
  readonly cases: readonly { readonly inputs: string; readonly scale: number }[];
}

function readStudents(golden: string): LossInputs['student'][] {
  const text = readFileSync(new URL(`../golden/${golden}.json`, import.meta.url), 'utf8');
  const { inputs, cases } = JSON.parse(text) as Golden;
  return cases.map(({ inputs: name, scale }) => {
    const entries = Object.entries(inputs[name]?.student ?? {});
    return Object.fromEntries(
      entries.map(([output, { shape, k }]) => [output, { shape, values: k.map((integer) => (scale * integer) / 16) }]),
    );
  });
}

function differences(some: LossInputs['student'], others: LossInputs['student']): number {
  let count = 0;
  for (const [output, { shape, values }] of Object.entries(some)) {
    const other = others[output] as Values | undefined;
    if (other?.shape.join() !== shape.join()) return Number.POSITIVE_INFINITY;
    values.forEach((value, i) => {
      if (value !== other.values[i]) count++;
    });
  }
  return count;
}
