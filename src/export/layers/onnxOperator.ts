import { onnxNameOf, operatorOf } from '../../onnx/shapes/operators.ts';
import { like } from '../graph/activate.ts';
import type { Value } from '../graph/graphValue.ts';
import { camelCase, type LayerConfig, textOf } from '../graph/layerConfig.ts';
import type { OperatorCall } from '../graph/operatorCall.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';
import { writeMoved } from '../operators/moved.ts';
import { writePairwise, writePointwise } from '../operators/pointwise.ts';
import { writeSequence } from '../operators/sequence.ts';
import { writeSpatial } from '../operators/spatial.ts';

type Write = (call: OperatorCall) => Value;

const SPATIAL = new Set(
  'conv convTranspose maxPool averagePool resize depthToSpace spaceToDepth groupNormalization'.split(' '),
);
const SEQUENCE = new Set(['lstm', 'gru', 'rnn']);
const MOVED = new Set(
  (
    'reduceMean reduceSum reduceMax reduceMin reduceProd reduceL1 reduceL2 reduceSumSquare reduceLogSum reduceLogSumExp ' +
    'argMax argMin cumSum reshape transpose concat slice pad expand tile gather matMul gemm softmax logSoftmax ' +
    'layerNormalization rmsNormalization lpNormalization'
  ).split(' '),
);

function writerOf(operator: string, operands: number): Write | undefined {
  const form = operatorOf('', onnxNameOf(operator) ?? '')?.operands;
  if (form === 'broadcast' || (typeof form === 'function' && operands > 1)) return writePairwise;
  if (form === 'each' || typeof form === 'function') return writePointwise;
  if (SPATIAL.has(operator)) return writeSpatial;
  if (SEQUENCE.has(operator)) return writeSequence;
  return MOVED.has(operator) ? writeMoved : undefined;
}

function operandsOf(config: LayerConfig): readonly string[] {
  return Array.isArray(config['operands']) ? (config['operands'] as readonly string[]) : [];
}

/** The layer that holds an operator of an imported model: the same operator goes out again. */
export const onnxOperator: LayerExporter = {
  classNames: ['OnnxOperator'],
  takesIntegers: true,
  refuse({ config }) {
    const operator = textOf(config, 'operator', '');
    const { dilations } = config['attributes'] as { dilations?: readonly number[] };
    if (operator === 'averagePool' && dilations?.some((one) => one !== 1)) return 'it is a dilated average pooling';
    if (SEQUENCE.has(operator)) return refuseSequence(config);
    return writerOf(operator, operandsOf(config).length) === undefined ? `its operator is "${operator}"` : undefined;
  },
  write: (call) =>
    (writerOf(textOf(call.config, 'operator', ''), operandsOf(call.config).length) as Write)(operatorCall(call)),
};

function refuseSequence(config: LayerConfig): string | undefined {
  const { returns } = config['attributes'] as { returns?: string };
  if (returns === 'sequenceAndCell') return 'it gives its cell along with its sequence';
  const isStored = operandsOf(config)
    .slice(4)
    .some((kind) => kind !== 'tensor');
  return isStored ? 'it begins with a state that is stored' : undefined;
}

function operatorCall(call: LayerCall): OperatorCall {
  const { config } = call;
  const operator = textOf(config, 'operator', '');
  const [tensors, numbers] = [[...call.inputs], [...(config['numbers'] as readonly number[])]];
  const plans = [...(config['weightPlans'] as readonly { readonly name: string }[])];
  const operands = operandsOf(config).map((kind) => {
    if (kind === 'tensor') return tensors.shift() as Value;
    return kind === 'number' ? (numbers.shift() as number) : call.weight(plans.shift()?.name ?? '');
  });
  const attributes = Object.fromEntries(
    Object.entries(config['attributes'] as LayerConfig).map(([key, value]) => [
      key,
      typeof value === 'string' ? camelCase(value) : value,
    ]),
  );
  return {
    graph: call.graph,
    name: onnxNameOf(operator) ?? operator,
    operator,
    operands,
    attributes: attributes as OperatorCall['attributes'],
    shape: config['shape'] as OperatorCall['shape'],
    first: like(call.inputs[0] as Value),
  };
}
