import { describe, expect, test } from 'vitest';
import { flat, meanSquare, plainPair, range, shapesFor } from '../cases/featureCases.ts';
import { evaluate, readCases } from '../cases/lossCases.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { checkUse, onMaps } from '../cases/useContract.ts';
import { type MaskedGenerationOptions, maskedGeneration } from './maskedGeneration.ts';

const output = 'block';
type Options = MaskedGenerationOptions & { readonly maskedFraction: number };
const progress = (step: number) => ({ step, steps: 100, epoch: 1, epochs: 1 });

checkUse(maskedGeneration, {
  ...onMaps,
  mismatches: [[{ a: [6, 4] }, { b: [6, 4] }, {}, /maps \[H, W, C\]/]],
  weight: { of: 'maps' },
});

describe('maskedGeneration', () => {
  checkLoss<Options>(maskedGeneration, {
    golden: 'maskedGeneration',
    reference,
    // The generator is learned, so there is no one best student.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no output': () => maskedGeneration({} as MaskedGenerationOptions),
      'a negative fraction': () => maskedGeneration({ output, maskedFraction: -0.1 }),
      'a fraction above 1': () => maskedGeneration({ output, maskedFraction: 1.1 }),
      'a fraction that is no number': () => maskedGeneration({ output, maskedFraction: Number.NaN }),
      'half a seed': () => maskedGeneration({ output, seed: 0.5 }),
      'an option that it does not have': () => maskedGeneration({ output, lambda: 1 } as MaskedGenerationOptions),
    },
  });

  test('has the defaults that it documents', () => {
    const loss = maskedGeneration({ output });
    expect(loss.options).toEqual({ output, maskedFraction: 0.65, seed: 0 });
    expect(loss.reads).toEqual({ student: [output], teacher: [output], labels: false });
  });

  test('asks for a projector and a generator, and takes maps only', () => {
    const loss = maskedGeneration({ output: 'a', teacherOutput: 'b' });
    const asked = Object.entries(loss.parameters?.(shapesFor([4, 4, 3], [4, 4, 5])) ?? {});
    expect(Object.fromEntries(asked.map(([name, { shape }]) => [name, shape]))).toEqual({
      kernel: [3, 5],
      bias: [5],
      hiddenKernel: [3, 3, 5, 5],
      hiddenBias: [5],
      outKernel: [3, 3, 5, 5],
      outBias: [5],
    });
    const refused = expect.objectContaining({ code: 'shape-mismatch' });
    expect(() => loss.check?.(shapesFor([4, 4, 3], [2, 2, 5]))).not.toThrow();
    expect(() => loss.check?.(shapesFor([4, 3], [4, 3]))).toThrow(refused);
    expect(() => loss.check?.(shapesFor([3], [3]))).toThrow(refused);
  });

  test('hides what its seed says, something else at each step, and as much as it should', () => {
    const numbers = (seed: number, step: number) => maskedGeneration({ output, seed }).numbers?.(progress(step)) ?? [];
    expect(numbers(1, 0)).toEqual(numbers(1, 0));
    expect(numbers(1, 0)).not.toEqual(numbers(1, 1));
    expect(numbers(1, 0)).not.toEqual(numbers(2, 0));
    const hidden = range(400).map((step) => range(49).map((p) => (isHidden(p, numbers(3, step), 0.65) ? 1 : 0)));
    // Each position in 400 draws: a deviation of 0.024 is one standard deviation.
    for (const p of range(49)) expect(Math.abs(mean(hidden.map((at) => at[p] as number)) - 0.65)).toBeLessThan(0.12);
    // Neighbors are hidden together as often as if nothing linked them.
    const together = mean(hidden.map((at) => (at[10] as number) * (at[11] as number)));
    expect(Math.abs(together - 0.65 ** 2)).toBeLessThan(0.12);
  });

  test('hides all, or nothing', () => {
    for (const { inputs } of readCases<Options>({ golden: 'maskedGeneration', reference })) {
      const nothing = evaluate(maskedGeneration({ output, maskedFraction: 1 }), inputs).student[output];
      const everything = evaluate(maskedGeneration({ output, maskedFraction: 0 }), inputs).student[output];
      expect(nothing?.every((slope) => slope === 0)).toBe(true);
      expect(everything?.every((slope) => slope !== 0)).toBe(true);
    }
  });
});

function isHidden(position: number, [turn = 0, start = 0]: readonly number[], fraction: number): boolean {
  return (position * turn + start) % 1 < fraction;
}

function reference(inputs: LossInputs, { maskedFraction }: Options): number {
  const [student, teacher] = plainPair(inputs, { output }, true);
  const [height, width] = (inputs.student[output]?.shape ?? []).slice(1) as [number, number];
  const generated = student.map((positions) => {
    const visible = positions.map((values, p) =>
      values.map((value) => (isHidden(p, inputs.numbers ?? [], maskedFraction) ? 0 : value)),
    );
    const hidden = convolved(visible, [height, width], inputs, 'hidden');
    const rectified = hidden.map((values) => values.map((value) => Math.max(0, value)));
    return convolved(rectified, [height, width], inputs, 'out');
  });
  return meanSquare(flat(generated), flat(teacher));
}

/** A window of 3 × 3 positions, zeros beyond the border. */
function convolved(
  positions: readonly (readonly number[])[],
  [height, width]: readonly [number, number],
  { parameters = {} }: LossInputs,
  name: string,
): number[][] {
  const [kernel, bias] = [parameters[`${name}Kernel`] as Values, parameters[`${name}Bias`] as Values];
  const channels = bias.values.length;
  return range(height * width).map((p) =>
    bias.values.map((start, g) => {
      let sum = start;
      for (const k of range(9)) {
        const [y, x] = [Math.floor(p / width) + Math.floor(k / 3) - 1, (p % width) + (k % 3) - 1];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        positions[y * width + x]?.forEach((value, f) => {
          sum += value * (kernel.values[(k * channels + f) * channels + g] as number);
        });
      }
      return sum;
    }),
  );
}
