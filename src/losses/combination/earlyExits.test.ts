import { describe, expect, test } from 'vitest';
import type { LossInputs, Values } from '../cases/lossCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { plainLabelled, plainPeers, plainTaught, withFixed } from '../cases/peerCases.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import { refusalOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type EarlyExitsOptions, earlyExits } from './earlyExits.ts';

type Options = Required<Omit<EarlyExitsOptions, 'output' | 'teacherOutput' | 'hint'>> & Pick<EarlyExitsOptions, 'hint'>;

checkUse(earlyExits, {
  options: { from: 'teacher' },
  student: { logits: [4], 'exit.0': [4] },
  teacher: { logits: [4] },
  sameClasses: 'teacher',
  weight: 'alone',
});
checkUse(earlyExits, { student: { logits: [4], 'exit.0': [4] }, weight: null });

describe.each(['earlyExits', 'earlyExitsTeacher', 'earlyExitsHint'])('%s', (golden) => {
  checkLoss<Options>(earlyExits, {
    golden,
    reference: withFixed(
      golden,
      (inputs: LossInputs, { from, alpha, temperature, hint }: Options, fixed: LossInputs) => {
        const lesson = (logits: Values) =>
          from === 'labels'
            ? plainLabelled(logits, inputs.labels)
            : plainTaught(inputs.teacher['logits'] as Values, logits, temperature);
        const said = fixed.student['logits'] as Values;
        const hints = plainPeers(inputs, 'features.exit').map((own, k) =>
          distance(inputs, fixed, own, k, hint?.layer ?? ''),
        );
        return (
          lesson(inputs.student['logits'] as Values) +
          plainPeers(inputs, 'exit').reduce(
            (sum, exit) => sum + (1 - alpha) * lesson(exit) + alpha * plainTaught(said, exit, temperature),
            0,
          ) +
          hints.reduce((sum, one) => sum + one, 0) * (hint?.weight ?? 0)
        );
      },
    ),
    best: null,
    // A hint squares numbers of 1e4 in layers that bear such only here.
    ...(golden === 'earlyExitsHint' && { extremes: ['all zero'] }),
    refused: {
      'no exit': () => earlyExits({ exits: 0 }),
      'a share above 1': () => earlyExits({ alpha: 1.5 }),
      'a temperature of 0': () => earlyExits({ temperature: 0 }),
      'a source that it does not know': () => earlyExits({ from: 'peers' as 'labels' }),
      'a hint without a layer': () => earlyExits({ hint: {} as never }),
      'a negative weight of the hint': () => earlyExits({ hint: { layer: 'late', weight: -1 } }),
      'an option that it does not have': () => earlyExits({ students: 2 } as EarlyExitsOptions),
    },
  });
});

/** mean (W f_k + b − f)², f pooled over all but the first and the last axis. */
function distance(inputs: LossInputs, fixed: LossInputs, own: Values, k: number, layer: string): number {
  const late = fixed.student[layer] as Values;
  const width = late.shape.at(-1) as number;
  const perExample = late.values.length / (late.shape[0] as number);
  const [kernel, bias] = ['Kernel', 'Bias'].map((part) => inputs.parameters?.[`exit${k}${part}`]?.values ?? []);
  return mean(
    plainRows(own).flatMap((features, i) =>
      Array.from({ length: width }, (_, c) => {
        const places = late.values.slice(i * perExample, (i + 1) * perExample).filter((_, at) => at % width === c);
        const mapped = features.reduce((sum, f, at) => sum + f * (kernel?.[at * width + c] ?? 0), bias?.[c] ?? 0);
        return (mapped - mean(places)) ** 2;
      }),
    ),
  );
}

test('has the defaults that it documents', () => {
  expect(earlyExits().options).toEqual({ exits: 1, output: 'logits', from: 'labels', alpha: 0.3, temperature: 3 });
  expect(earlyExits({ exits: 2 }).reads).toEqual({
    student: ['logits', 'exit.0', 'exit.1'],
    teacher: [],
    labels: true,
  });
  expect(earlyExits({ from: 'teacher' }).reads).toMatchObject({ teacher: ['logits'], labels: false });
  expect(earlyExits({ hint: { layer: 'late' } }).reads.student).toEqual([
    'logits',
    'exit.0',
    'features.exit.0',
    'late',
  ]);
});

test('refuses a teacher of other classes, and exits that are not there', () => {
  const shapes = { student: { logits: [4], 'exit.0': [4] }, batchSize: 8, examples: 100 };
  const loss = earlyExits({ from: 'teacher' });
  expect(refusalOf(loss, { ...shapes, teacher: { logits: [4] } })).toBeUndefined();
  expect(refusalOf(loss, { ...shapes, teacher: { logits: [5] } })).toBe('class-mismatch');
  expect(refusalOf(earlyExits({ exits: 2 }), { ...shapes, teacher: {} })).toBe('unknown-output');
});
