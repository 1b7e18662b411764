import { LimbeckError } from '../../core/errors.ts';
import { formatShape, isSameShape } from '../../core/shape.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import { refuseActivation } from '../graph/activate.ts';
import { flagOf, type LayerConfig, type LayerDefinition, numberOf } from '../graph/layerConfig.ts';

export type CellKind = 'LSTM' | 'GRU' | 'SimpleRNN';

/** One recurrent cell with its weights in tfjs's layout: the gates joined in the last axis. */
export interface Cell {
  readonly kind: CellKind;
  readonly units: number;
  /** [F, gates · units] */
  readonly kernel: Weight;
  /** [units, gates · units] */
  readonly recurrentKernel: Weight;
  /** [gates · units], or [2, gates · units] if the recurrent product has its own bias. */
  readonly bias?: Weight;
  readonly activation: unknown;
  readonly recurrentActivation: unknown;
  /** GRU: whether the reset gate comes after the recurrent product. */
  readonly resetsAfter: boolean;
}

const GATES = { LSTM: 4, GRU: 3, SimpleRNN: 1 } as const;
const STATES = { LSTM: 2, GRU: 1, SimpleRNN: 1 } as const;

export function gatesOf({ kind }: Pick<Cell, 'kind'>): number {
  return GATES[kind];
}

export function statesOf({ kind }: Pick<Cell, 'kind'>): number {
  return STATES[kind];
}

/** The cells of LSTM, GRU, SimpleRNN (one) or RNN (one or a stack), first to last. */
function cellDefinitions({ className, config }: LayerDefinition): LayerDefinition[] {
  if (className !== 'RNN') return [{ className: `${className}Cell`, config }];
  const cell = config['cell'] as LayerDefinition | undefined;
  if (cell?.className !== 'StackedRNNCells') return cell === undefined ? [] : [cell];
  return (cell.config['cells'] ?? []) as LayerDefinition[];
}

/** Why a recurrent layer has no ONNX form; undefined if it has one. */
export function refuseRecurrent(layer: LayerDefinition): string | undefined {
  if (!['LSTM', 'GRU', 'SimpleRNN', 'RNN'].includes(layer.className)) {
    return `it runs a ${layer.className} over the sequence, and only LSTM, GRU, SimpleRNN and RNN are known`;
  }
  if (flagOf(layer.config, 'stateful', false)) {
    return 'it is stateful, and an ONNX model forgets its state after each call; give the states as inputs and outputs (initialState, returnState)';
  }
  const cells = cellDefinitions(layer);
  if (cells.length === 0) return 'its cell is not in the topology';
  for (const { className, config } of cells) {
    if (!/^(LSTM|GRU|SimpleRNN)Cell$/.test(className)) return `its cell is a ${className}`;
    const why = refuseActivation(activationsOf(className, config).activation);
    const whyGates = refuseActivation(activationsOf(className, config).recurrentActivation);
    if (why !== undefined || whyGates !== undefined) return why ?? whyGates;
  }
  return undefined;
}

/**
 * The cells with their weights, first to last.
 * Throws    student-invalid: a weight is missing, or does not have the shape that its cell needs for `features` features
 */
export function cellsOf(layer: LayerDefinition, weights: readonly Weight[], features: number | null): Cell[] {
  let width = features;
  const definitions = cellDefinitions(layer);
  const groups = weightsByCell(weights);
  return definitions.map(({ className, config }, i) => {
    const kind = className.replace(/Cell$/, '') as CellKind;
    const find = (name: string) => groups[i]?.find((weight) => weight.name.endsWith(`/${name}`));
    const [kernel, recurrentKernel, bias] = [find('kernel'), find('recurrent_kernel'), find('bias')];
    const units = numberOf(config, 'units', recurrentKernel?.shape[0]);
    const all = units * GATES[kind];
    check(layer, 'kernel', kernel, [width ?? kernel?.shape[0] ?? 0, all]);
    check(layer, 'recurrent_kernel', recurrentKernel, [units, all]);
    const hasBias = flagOf(config, 'useBias', true);
    if (hasBias) check(layer, 'bias', bias, bias?.shape.length === 2 ? [2, all] : [all]);
    width = units;
    return {
      kind,
      units,
      kernel: kernel as Weight,
      recurrentKernel: recurrentKernel as Weight,
      ...(hasBias && { bias: bias as Weight }),
      ...activationsOf(className, config),
      resetsAfter: kind === 'GRU' && flagOf(config, 'resetAfter', false),
    };
  });
}

/** tfjs puts the weights of each cell of a stack under its own numbered path. */
function weightsByCell(weights: readonly Weight[]): Weight[][] {
  const groups = new Map<string, Weight[]>();
  for (const weight of weights) {
    const path = weight.name.slice(0, weight.name.lastIndexOf('/'));
    groups.set(path, [...(groups.get(path) ?? []), weight]);
  }
  const numberIn = (path: string) => Number(/RNNCell_(\d+)$/.exec(path)?.[1] ?? 0);
  return [...groups].sort(([a], [b]) => numberIn(a) - numberIn(b)).map(([, group]) => group);
}

function check(layer: LayerDefinition, name: string, weight: Weight | undefined, needed: readonly number[]): void {
  if (weight !== undefined && isSameShape(weight.shape, needed)) return;
  const given = weight === undefined ? 'is missing' : `is ${formatShape(weight.shape)}`;
  throw new LimbeckError(
    'student-invalid',
    `The student's weights do not fit its layers: ${name} of "${String(layer.config['name'])}" ${given}, and ${formatShape(needed)} is needed.`,
    { details: { layer: layer.config['name'], weight: name } },
  );
}

/** null is linear; a missing one is tfjs's default. A SimpleRNN has no gates, so both are the same. */
function activationsOf(className: string, config: LayerConfig): Pick<Cell, 'activation' | 'recurrentActivation'> {
  const read = (key: string, otherwise: string) => (config[key] === undefined ? otherwise : (config[key] ?? 'linear'));
  const activation = read('activation', 'tanh');
  const isSimple = className === 'SimpleRNNCell';
  return { activation, recurrentActivation: isSimple ? activation : read('recurrentActivation', 'hard_sigmoid') };
}
