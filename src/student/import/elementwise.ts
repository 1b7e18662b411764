import { attributesOf, operandsOf } from '../../onnx/operator.ts';
import { operatorOf, smallName } from '../../onnx/shapes/operators.ts';
import { joined } from './joined.ts';
import type { OperatorImport } from './operator.ts';
import { elementwise, shortest } from './placing.ts';

/**
 * How an operator on elements at the same place becomes one layer of ours, under its own name or that of another;
 * undefined where it is no such operator.
 */
export function elementwiseImport(name: string, layerName = name): OperatorImport | undefined {
  const operator = operatorOf('', name);
  if (operator?.compute === undefined || operator.operands === undefined) return undefined;
  const each = elementwise((step, builder, x) => {
    const given = Object.entries(attributesOf(operator, step) ?? {});
    const attributes = given.map(([key, value]) => [key, typeof value === 'number' ? shortest(value) : value]);
    const plan = { operator: smallName(layerName), operands: [x], attributes: Object.fromEntries(attributes) };
    return builder.operate(step, { ...plan, shape: x.shape });
  });
  const broadcast = joined(smallName(layerName));
  const chosen = (step: Parameters<OperatorImport['build']>[0]) =>
    operandsOf(operator, step) === 'each' ? each : broadcast;
  return {
    refuse: (step) => chosen(step).refuse?.(step),
    build: (step, builder) => chosen(step).build(step, builder),
  };
}
