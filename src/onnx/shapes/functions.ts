import type { OnnxAttribute, OnnxModel, OnnxNode } from '../model.ts';
import { domainOf } from '../operators.ts';
import type { Call } from './call.ts';
import { inside, type Outcome, type Place, type Walk } from './place.ts';
import { UNKNOWN } from './tensor.ts';

/** An operator that the model itself defines by other operators. */
interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly node: readonly OnnxNode[];
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attributeProto: readonly OnnxAttribute[];
  readonly opsetImport: readonly { readonly domain: string; readonly version: bigint }[];
}

export function isFunction(model: OnnxModel, node: OnnxNode): boolean {
  return functionOf(model, node) !== undefined;
}

function functionOf(model: OnnxModel, node: OnnxNode): OnnxFunction | undefined {
  const found = model.functions.find(
    ({ name, domain }) => name === node.opType && domainOf(domain) === domainOf(node.domain),
  );
  return found as OnnxFunction | undefined;
}

/** Infers the body of a function with the inputs and attributes of one call. */
export function callFunction(walk: Walk, call: Call, place: Place): Outcome {
  const body = functionOf(walk.model, call.node);
  if (body === undefined) return { outputs: [], cost: { counted: 0, uncounted: 1 } };
  const own = inside(place, call.node.name || call.node.opType, false);
  for (const [i, name] of body.input.entries()) {
    const given = call.inputs[i];
    if (given !== undefined) own.tensors.set(name, given);
  }
  const attributes = [...call.node.attribute, ...body.attributeProto];
  const nodes = body.node.map(({ name, opType, domain, input, output, attribute }) => {
    return { name, opType, domain, input, output, attribute: attribute.flatMap((one) => bound(one, attributes)) };
  });
  const opsets = new Map([
    ...walk.opsets,
    ...body.opsetImport.map(({ domain, version }): [string, number] => [domainOf(domain), Number(version)]),
  ]);
  const cost = walk.follow({ ...walk, opsets }, nodes, own);
  return { outputs: body.output.map((name) => own.tensors.get(name) ?? UNKNOWN), cost };
}

/** An attribute that refers to one of the call's becomes that one; where the call leaves it out, it is gone. */
function bound(one: OnnxAttribute & { refAttrName?: string }, given: readonly OnnxAttribute[]): OnnxAttribute[] {
  if (one.refAttrName === undefined || one.refAttrName === '') return [one];
  const found = given.find(({ name }) => name === one.refAttrName);
  if (found === undefined) return [];
  // A message keeps its unset fields in its prototype, which a spread would lose.
  const { type, f, i, s, t, g, floats, ints, strings, tensors, graphs } = found;
  return [{ name: one.name, type, f, i, s, t, g, floats, ints, strings, tensors, graphs }];
}
