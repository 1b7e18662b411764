import { LimbeckError } from '../../core/errors.ts';
import { copyOf, type OnnxAttribute, type OnnxNode, type OnnxTensor, onnx } from '../model.ts';
import { freshName } from '../names.ts';
import { type ElementArray, type ElementType, storedData } from '../tensorData.ts';
import type { Attribute, GraphBuilder } from './graphBuilder.ts';
import type { Value } from './graphValue.ts';

/** The whole graph before it is a model. Names may still be changed. */
export interface OpenGraph {
  readonly builder: GraphBuilder;
  readonly nodes: OnnxNode[];
  readonly constants: Map<string, OnnxTensor>;
  /** What is known of each value, by name. */
  readonly values: Map<string, Value>;
  /** A name like this one that no value has yet; it is taken from then on. */
  takeName(wanted: string): string;
  /** Says that a value is a layer's result: it, and the node that makes it, are named so in the end. */
  nameResult(value: Value, layer: string): void;
  /** Says that a value is an output of the graph. Gives the name that it has in the end. */
  nameOutput(value: Value, wanted: string): string;
  /** The nodes with their last names, and the layers' results that are still made; `nameOf` knows the new name of each. */
  named(): { readonly nodes: OnnxNode[]; readonly results: Value[]; nameOf(name: string): string };
}

export function openGraph(opset: number): OpenGraph {
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, OnnxTensor>();
  const values = new Map<string, Value>();
  const twins = new Map<string, Value>();
  const taken = new Set<string>();

  const takeName = (wanted: string): string => freshName(taken, wanted);

  const store = (wanted: string, dtype: ElementType, shape: readonly number[], data: ElementArray): string => {
    const tensor = storedData(wanted, dtype, shape, data);
    for (let i = 0; ; i++) {
      const name = i === 0 ? wanted : `${wanted}_${i}`;
      const there = constants.get(name);
      if (there !== undefined && isSameTensor(there, tensor)) return name;
      if (there !== undefined || taken.has(name)) continue;
      taken.add(name);
      constants.set(name, Object.assign(copyOf(tensor), { name }));
      return name;
    }
  };

  const builderWithin = (layer: string): GraphBuilder => {
    const path = (name: string) => (layer === '' ? name : `${layer}/${name}`);
    const builder: GraphBuilder = {
      opset,
      twins,
      within: builderWithin,
      node: (operator, inputs, output, attributes) =>
        builder.nodeOf(operator, inputs, [output], attributes)[0] as Value,
      nodeOf(operator, inputs, outputs, attributes = {}) {
        const made = outputs.map((output): Value => {
          if (output === undefined) return { name: '', shape: [], dtype: 'float32', layout: 'plain' };
          const value = { dtype: 'float32', layout: 'plain', ...output, name: takeName(path(operator)) } as const;
          values.set(value.name, value);
          return value;
        });
        nodes.push(
          onnx.node({
            name: made.find(({ name }) => name !== '')?.name ?? '',
            opType: operator,
            input: inputs.map((input) => (typeof input === 'string' ? input : input.name)),
            output: made.map(({ name }) => name),
            attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
          }),
        );
        return made;
      },
      floats: (name, shape, data) => store(path(name), 'float32', shape, Float32Array.from(data)),
      ints: (name, shape, data) => store(path(name), 'int64', shape, BigInt64Array.from(data.map(BigInt))),
      int32s: (name, shape, data) => store(path(name), 'int32', shape, Int32Array.from(data)),
      reduce(operator, input, heldAxes, output, keepDims = 'drop') {
        const keepdims = keepDims === 'keep' ? 1 : 0;
        const isInput = opset >= (operator === 'ReduceSum' ? 13 : 18);
        if (!isInput) return builder.node(operator, [input], output, { axes: heldAxes, keepdims });
        const axes = builder.ints('axes', [heldAxes.length], heldAxes);
        return builder.node(operator, [input, axes], output, { keepdims });
      },
    };
    return builder;
  };
  return { builder: builderWithin(''), nodes, constants, values, takeName, ...lastNames(nodes, values, takeName) };
}

/** Names that are given when a layer is done or the graph ends, and put in at the end. */
function lastNames(nodes: OnnxNode[], values: Map<string, Value>, takeName: (wanted: string) => string) {
  const layers = new Map<string, string>();
  const outputs = new Map<string, string>();
  return {
    nameResult(value: Value, layer: string): void {
      if (!layers.has(value.name)) layers.set(value.name, layer);
    },
    nameOutput(value: Value, wanted: string): string {
      const name = takeName(wanted);
      outputs.set(value.name, name);
      return name;
    },
    named() {
      const names = new Map(outputs);
      const taken = new Set<string>();
      for (const [name, layer] of layers) if (!names.has(name)) names.set(name, takeName(layer));
      const nameOf = (name: string) => names.get(name) ?? name;
      const named = nodes.map((node) => {
        const layer = node.output.map((name) => layers.get(name)).find((one) => one !== undefined);
        const name = freshName(taken, layer ?? node.name);
        return Object.assign(copyOf(node), { name, input: node.input.map(nameOf), output: node.output.map(nameOf) });
      });
      const results = [...layers.keys()].flatMap((name) => values.get(name) ?? []);
      return { nodes: named, results, nameOf };
    },
  };
}

function attributeOf(name: string, value: Attribute): OnnxAttribute {
  if (typeof value === 'string') return onnx.attribute({ name, type: 3, s: new TextEncoder().encode(value) });
  if (typeof value === 'number') return onnx.attribute({ name, type: 2, i: whole(name, value) });
  if ('float' in value) {
    return typeof value.float === 'number'
      ? onnx.attribute({ name, type: 1, f: value.float })
      : onnx.attribute({ name, type: 6, floats: [...value.float] });
  }
  const texts = value.filter((one) => typeof one === 'string');
  if (texts.length > 0) {
    return onnx.attribute({ name, type: 8, strings: texts.map((one) => new TextEncoder().encode(one)) });
  }
  return onnx.attribute({ name, type: 7, ints: (value as readonly number[]).map((one) => whole(name, one)) });
}

function whole(name: string, value: number): bigint {
  if (Number.isInteger(value)) return BigInt(value);
  throw new LimbeckError('internal', `The attribute ${name} of a node was ${value}; a fraction stands in float(…).`);
}

function isSameTensor(a: OnnxTensor, b: OnnxTensor): boolean {
  return (
    a.dataType === b.dataType &&
    a.dims.length === b.dims.length &&
    a.dims.every((length, i) => length === b.dims[i]) &&
    a.rawData.byteLength === b.rawData.byteLength &&
    a.rawData.every((byte, i) => byte === b.rawData[i])
  );
}
