import type { Operator, WrittenLayer } from '../../onnx/operator.ts';
import { onnxNameOf, operatorOf } from '../../onnx/operators.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import type { OperatorCall, Write } from '../../onnx/write/operatorCall.ts';
import { like } from '../graph/activate.ts';
import { camelCase, type LayerConfig, textOf } from '../graph/layerConfig.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

/** The layer for an operator of an imported model: its record writes the same operator. */
export const onnxOperator: LayerExporter = {
  classNames: ['OnnxOperator'],
  takesIntegers: true,
  refuse({ config }) {
    const record = operatorOf('', nameIn(config));
    if (record?.write === undefined) return `its operator is "${textOf(config, 'operator', '')}"`;
    return record.refuseWrite?.(config as unknown as WrittenLayer);
  },
  write(call) {
    const record = operatorOf('', nameIn(call.config)) as Operator;
    return (record.write as Write)(operatorCall(call));
  },
};

function nameIn(config: LayerConfig): string {
  return onnxNameOf(textOf(config, 'operator', '')) ?? '';
}

function operatorCall(call: LayerCall): OperatorCall {
  const layer = call.config as unknown as WrittenLayer &
    Record<'numbers' | 'weightPlans' | 'shape', readonly unknown[]>;
  const [tensors, numbers] = [[...call.inputs], [...(layer.numbers as readonly number[])]];
  const plans = [...(layer.weightPlans as readonly { readonly name: string }[])];
  const operands = layer.operands.map((kind) => {
    if (kind === 'tensor') return tensors.shift() as Value;
    return kind === 'number' ? (numbers.shift() as number) : call.weight(plans.shift()?.name ?? '');
  });
  const attributes = Object.entries(layer.attributes).map(([key, value]) => {
    return [key, typeof value === 'string' ? camelCase(value) : value] as const;
  });
  return {
    graph: call.graph,
    name: nameIn(call.config),
    operands,
    attributes: Object.fromEntries(attributes),
    shape: layer.shape as OperatorCall['shape'],
    first: like(call.inputs[0] as Value),
  };
}
