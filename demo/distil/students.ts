import { cnn, dsCnn, mlp, mobilenetV1, resnet8, type Student } from 'limbeck';

/** A student of the zoo that fits the examples, before it is built. */
export interface StudentChoice {
  /** Distinguishes it from the others. */
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** Weights, trainable or not; four bytes each. */
  readonly parameters: number;
  make(): Student;
}

/** Sizes that a person may aim at. */
export const BUDGETS_BYTES = [50e3, 100e3, 250e3, 1e6, 4e6] as const;

/** The zoo's students for examples of this shape, [height, width, channels] or [features], small to large. */
export function studentsFor(inputShape: readonly number[], classes: number): StudentChoice[] {
  const shape = { inputShape, classes };
  const [height = 0, width = 0, channels = 0] = inputShape;
  const side = inputShape.length === 3 ? Math.min(height, width) : 0;
  const mlps = [[32], [128], [256, 128]].map((hidden) => ({
    id: `mlp-${hidden.join('-')}`,
    name: `mlp ${hidden.join(', ')}`,
    about: 'Dense layers; for tables, and quick tries.',
    parameters: denseParameters([inputShape.reduce((product, length) => product * length, 1), ...hidden, classes]),
    make: () => mlp({ ...shape, hidden }),
  }));
  const dsCnns = [16, 32, 64].map((filters) => ({
    id: `dsCnn-${filters}`,
    name: `dsCnn, ${filters} filters`,
    about: 'Separable convolutions; small for what it knows.',
    parameters: dsCnnParameters(channels, filters, classes),
    make: () => dsCnn({ ...shape, filters }),
  }));
  const mobilenets = [0.25, 0.5].map((alpha) => ({
    id: `mobilenetV1-${alpha}`,
    name: `mobilenetV1, width ${alpha}`,
    about: 'For larger pictures.',
    parameters: mobilenetParameters(channels, alpha, classes),
    make: () => mobilenetV1({ ...shape, alpha }),
  }));
  const plain = {
    id: 'cnn',
    name: 'cnn',
    about: 'Two convolutions, two dense layers; quick and good on small pictures.',
    parameters: cnnParameters(height, width, channels, classes),
    make: () => cnn(shape),
  };
  const residual = {
    id: 'resnet8',
    name: 'resnet8',
    about: 'Residual blocks; where accuracy counts more than time.',
    parameters: resnet8Parameters(channels, classes),
    make: () => resnet8(shape),
  };
  const all = [
    ...(side === 0 ? mlps : []),
    ...(side >= 10 ? [plain] : []),
    ...(side >= 4 ? [...dsCnns, residual] : []),
    ...(side >= 48 ? mobilenets : []),
  ];
  return all.toSorted((a, b) => a.parameters - b.parameters);
}

export const bytesOf = ({ parameters }: Pick<StudentChoice, 'parameters'>) => 4 * parameters;

/** What is taken unless a person chooses: cnn if the budget has room for it, as it learns fastest; else the largest that fits. */
export function bestWithin(choices: readonly StudentChoice[], budgetBytes: number): StudentChoice | undefined {
  const fitting = choices.filter((choice) => bytesOf(choice) <= budgetBytes);
  return fitting.find(({ id }) => id === 'cnn') ?? fitting.at(-1);
}

function denseParameters(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, width, i) => sum + ((widths[i] as number) + 1) * width, 0);
}

function cnnParameters(height: number, width: number, channels: number, classes: number): number {
  const halved = (length: number) => Math.floor((length - 2) / 2);
  const flat = halved(halved(height)) * halved(halved(width)) * 32;
  return (9 * channels + 1) * 16 + (9 * 16 + 1) * 32 + denseParameters([flat, 64, classes]);
}

/** Scale, shift, mean and variance of each channel. */
const norm = (width: number) => 4 * width;

function dsCnnParameters(channels: number, filters: number, classes: number): number {
  const block = 9 * filters + norm(filters) + filters * filters + norm(filters);
  return 40 * channels * filters + norm(filters) + 4 * block + denseParameters([filters, classes]);
}

function resnet8Parameters(channels: number, classes: number): number {
  const conv = (from: number, to: number) => 9 * from * to + norm(to);
  const block = (from: number, to: number) => conv(from, to) + conv(to, to) + (from === to ? 0 : from * to);
  return conv(channels, 16) + block(16, 16) + block(16, 32) + block(32, 64) + denseParameters([64, classes]);
}

function mobilenetParameters(channels: number, alpha: number, classes: number): number {
  const widths = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024].map((width) => width * alpha);
  const first = widths[0] as number;
  const blocks = widths.slice(1).reduce((sum, to, i) => {
    const from = widths[i] as number;
    return sum + 9 * from + norm(from) + from * to + norm(to);
  }, 0);
  return 9 * channels * first + norm(first) + blocks + denseParameters([widths.at(-1) as number, classes]);
}
