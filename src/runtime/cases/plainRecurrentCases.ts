// LSTM and GRU in plain numbers, as in the papers. Only tests import this file.
import type { PlainFunction } from '../kernels/cases/finiteDifferenceCases.ts';
import type { RecurrentActivation } from '../kernels/recurrent/recurrent.ts';

export interface PlainSizes {
  readonly batch: number;
  readonly time: number;
  readonly features: number;
  readonly units: number;
}

type Matrix = readonly (readonly number[])[];

const gates = {
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  hardSigmoid: (x: number) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
};

/** Inputs x, kernel, recurrentKernel, bias, h0, c0; results: all outputs, then the last cells. */
export function plainLstm(sizes: PlainSizes, activation: RecurrentActivation): PlainFunction {
  const gate = gates[activation];
  return ([x, kernel, recurrentKernel, bias, h0, c0]) => {
    const { units } = sizes;
    const [inputs, matrix] = [rows(kernel, 4 * units), rows(recurrentKernel, 4 * units)];
    const cells: number[] = [];
    const outputs = sequences(sizes, x).flatMap((steps, row) => {
      let h = stateOf(h0, row, units);
      let c = stateOf(c0, row, units);
      const all = steps.flatMap((step) => {
        const z = plus(times(step, inputs), times(h, matrix), bias);
        const of = (which: number, unit: number) => z[which * units + unit] as number;
        c = c.map((cell, u) => gate(of(1, u)) * cell + gate(of(0, u)) * Math.tanh(of(2, u)));
        h = c.map((cell, u) => gate(of(3, u)) * Math.tanh(cell));
        return h;
      });
      cells.push(...c);
      return all;
    });
    return [...outputs, ...cells];
  };
}

/** Inputs x, kernel, recurrentKernel, bias, h0 and, with the reset after, recurrentBias; results: all outputs. */
export function plainGru(sizes: PlainSizes, activation: RecurrentActivation, resetAfter: boolean): PlainFunction {
  const gate = gates[activation];
  return ([x, kernel, recurrentKernel, bias, h0, recurrentBias = []]) => {
    const { units } = sizes;
    const [inputs, matrix] = [rows(kernel, 3 * units), rows(recurrentKernel, 3 * units)];
    return sequences(sizes, x).flatMap((steps, row) => {
      let h = stateOf(h0, row, units);
      return steps.flatMap((step) => {
        const ofX = plus(times(step, inputs), bias, []);
        const ofH = plus(times(h, matrix), recurrentBias, []);
        const [update = [], reset = []] = [0, 1].map((which) =>
          h.map((_, u) => gate((ofX[which * units + u] as number) + (ofH[which * units + u] as number))),
        );
        const isReset = times(
          h.map((value, u) => value * (reset[u] as number)),
          matrix,
        );
        h = h.map((before, u) => {
          const at = 2 * units + u;
          const recurrent = resetAfter ? (reset[u] as number) * (ofH[at] as number) : (isReset[at] as number);
          const candidate = Math.tanh((ofX[at] as number) + recurrent);
          return (update[u] as number) * before + (1 - (update[u] as number)) * candidate;
        });
        return h;
      });
    });
  };
}

function rows(values: readonly number[] = [], width: number): Matrix {
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
}

function sequences({ batch, time, features }: PlainSizes, x: readonly number[] = []): readonly Matrix[] {
  return Array.from({ length: batch }, (_, i) =>
    rows(x.slice(i * time * features, (i + 1) * time * features), features),
  );
}

function stateOf(values: readonly number[] = [], row: number, units: number): readonly number[] {
  return values.slice(row * units, (row + 1) * units);
}

function times(vector: readonly number[], matrix: Matrix): number[] {
  const width = matrix[0]?.length ?? 0;
  return Array.from({ length: width }, (_, j) =>
    vector.reduce((sum, value, i) => sum + value * (matrix[i]?.[j] as number), 0),
  );
}

function plus(a: readonly number[], b: readonly number[] = [], c: readonly number[] = []): number[] {
  return a.map((value, i) => value + (b[i] ?? 0) + (c[i] ?? 0));
}
