import { sizeOf } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import { copyOf, type OnnxModel, type OnnxNode, onnx } from '../../onnx/model.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { floatData, intAttribute, rewriteNodes } from '../../onnx/simplify/nodes.ts';
import { type ActivationPlan, planActivations } from './activations.ts';
import type { Range } from './histogram.ts';
import { type ActivationScale, toActivationScale, toInt8Weights } from './int8Weights.ts';
import { isExcluded, type NodeLog } from './report.ts';
import { isQuantizedLayer, type LayerParts, layerPartsOf } from './staticLayer.ts';
import { openWeightStore } from './weightOnly.ts';

export interface StaticOptions {
  readonly perChannel: boolean;
  readonly exclude: readonly string[];
}

/** Which activation ranges a model needs, and how it is rewritten once they are known. */
export interface StaticPlan {
  /** Inner tensors whose ranges are needed. */
  readonly tensors: readonly string[];
  apply(ranges: ReadonlyMap<string, Range>, log: NodeLog): void;
}

const INT32_MOST = 2 ** 31 - 1;

/**
 * Weights and activations as 8-bit numbers, in the form that onnxruntime fuses: activations pass QuantizeLinear and
 * DequantizeLinear, as uint8 with one scale per tensor; weights and biases come out of a DequantizeLinear.
 * Source    onnxruntime, "Quantize ONNX models", the format QDQ
 */
export function planStaticInt8({ graph }: OnnxModel, draft: Draft, { perChannel, exclude }: StaticOptions): StaticPlan {
  const layers = new Map<OnnxNode, LayerParts | string>();
  for (const node of draft.nodes()) {
    if (isQuantizedLayer(node) && !isExcluded(node, exclude)) layers.set(node, layerPartsOf(draft, node));
  }
  const plan = planActivations(draft, (node) => typeof layers.get(node) === 'object', exclude);
  return {
    tensors: plan.measured,
    apply: (ranges, log) =>
      apply({ draft, inputs: graph.input.map(({ name }) => name), layers, plan, perChannel, exclude }, ranges, log),
  };
}

interface Parts extends StaticOptions {
  readonly draft: Draft;
  readonly inputs: readonly string[];
  readonly layers: ReadonlyMap<OnnxNode, LayerParts | string>;
  readonly plan: ActivationPlan;
}

function apply(parts: Parts, ranges: ReadonlyMap<string, Range>, log: NodeLog): void {
  const { draft, inputs, layers, plan, perChannel, exclude } = parts;
  const scales = new Map<string, ActivationScale>();
  for (const [tensor, source] of plan.sources) {
    const range = ranges.get(source);
    if (range !== undefined) scales.set(tensor, toActivationScale(range.least, range.most));
  }
  const pairs = makePairs(draft, scales);
  const weights = openWeightStore(draft, perChannel);
  const layer = makeLayerWriter(parts, scales);
  const fed = new Map<string, string>();
  const entry = inputs.flatMap((name) => {
    if (!scales.has(name)) return [];
    const to = draft.fresh(`${name}_dq`);
    fed.set(name, to);
    return pairs(name, name, to);
  });

  rewriteNodes(draft, (given) => {
    const before: OnnxNode[] = [];
    let node = copyOf(given);
    const layerParts = layers.get(given);
    if (isQuantizedLayer(node) && isExcluded(node, exclude)) log.note(node, 'left', 'it is excluded');
    else if (typeof layerParts === 'object' && scales.has(node.input[0] as string)) {
      before.push(...layer(node, layerParts));
      log.note(node, 'computed');
    } else if (weights.canStore(node) && !isExcluded(node, exclude)) {
      const replaced = weights.replace(node);
      const why = typeof layerParts === 'string' ? layerParts : undefined;
      if (typeof replaced === 'string') log.note(node, 'left', why ?? replaced);
      else {
        log.note(node, 'weights', why);
        before.push(...replaced);
        node = before.pop() as OnnxNode;
      }
    }
    node.input = node.input.map((name) => fed.get(name) ?? name);
    const after: OnnxNode[] = [];
    node.output = node.output.map((name) => {
      if (!scales.has(name)) return name;
      const raw = draft.fresh(`${name}_raw`);
      after.push(...pairs(name, raw, name));
      return raw;
    });
    return [...before, node, ...after];
  });
  draft.prepend(...entry);
}

/** Nodes that make an activation 8-bit and float again. Tensors with one scale share its stored values. */
function makePairs(draft: Draft, scales: ReadonlyMap<string, ActivationScale>) {
  const stored = new Map<string, readonly [string, string]>();
  return (tensor: string, from: string, to: string): OnnxNode[] => {
    const { scale, zeroPoint } = scales.get(tensor) as ActivationScale;
    const key = `${scale} ${zeroPoint}`;
    const names =
      stored.get(key) ??
      ([
        draft.addConstant(`${tensor}_scale`, floatData([], Float32Array.of(scale))),
        draft.addConstant(`${tensor}_zero`, { dtype: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) }),
      ] as const);
    stored.set(key, names);
    const quantized = draft.fresh(`${tensor}_q`);
    return [
      onnx.node({ opType: 'QuantizeLinear', input: [from, ...names], output: [quantized] }),
      onnx.node({ opType: 'DequantizeLinear', input: [quantized, ...names], output: [to] }),
    ];
  };
}

/** Puts 8-bit weights and a 32-bit bias before a layer; returns the nodes that make them. */
function makeLayerWriter({ draft, perChannel }: Parts, scales: ReadonlyMap<string, ActivationScale>) {
  const made = new Map<string, { readonly name: string; readonly scales: Float32Array<ArrayBuffer> }>();
  const zeros = new Map<string, string>();

  /** One per scale: onnxruntime 1.21 and older refuse a product whose weights have scales and no zero points. */
  const zerosFor = (shape: readonly number[]): string => {
    const key = shape.join();
    const known = zeros.get(key);
    if (known !== undefined) return known;
    const stored = draft.addConstant('weight_zero', { dtype: 'int8', shape, data: new Int8Array(sizeOf(shape)) });
    zeros.set(key, stored);
    return stored;
  };

  const dequantized = (
    like: string,
    data: Int8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
    shape: readonly number[],
    by: Float32Array<ArrayBuffer>,
    axis: number,
  ) => {
    const isOne = by.length === 1 && !perChannel;
    const dtype = isTagged(data, 'Int8Array') ? 'int8' : 'int32';
    const scaleShape = isOne ? [] : [by.length];
    const scale = draft.addConstant(`${like}_s`, floatData(scaleShape, by));
    const input = [draft.addConstant(`${like}_q`, { dtype, shape, data }), scale];
    if (dtype === 'int8') input.push(zerosFor(scaleShape));
    const name = draft.fresh(`${like}_f`);
    const attribute = isOne ? [] : [intAttribute('axis', axis)];
    return { name, node: onnx.node({ opType: 'DequantizeLinear', input, output: [name], attribute }) };
  };

  return (node: OnnxNode, { weight, values, shape, axis, bias }: LayerParts): OnnxNode[] => {
    const { scale: inputScale } = scales.get(node.input[0] as string) as ActivationScale;
    const channels = perChannel ? (shape[axis] as number) : 1;
    const least = bias && leastScales(bias, inputScale, channels);
    const key = least?.some((value) => value > 0) ? undefined : `${weight} ${axis} ${values.length} ${alphaKey(node)}`;
    const nodes: OnnxNode[] = [];
    let stored = key === undefined ? undefined : made.get(key);
    if (stored === undefined) {
      const int8 = toInt8Weights(values, shape, perChannel ? axis : undefined, least);
      const { name, node: reader } = dequantized(weight, int8.data, shape, int8.scales, axis);
      nodes.push(reader);
      stored = { name, scales: int8.scales };
      if (key !== undefined) made.set(key, stored);
    }
    node.input = [node.input[0] as string, stored.name];
    node.attribute = node.attribute.filter(({ name }) => name !== 'alpha' && name !== 'beta');
    if (bias === undefined) return nodes;
    const by = stored.scales.map((scale) => scale * inputScale);
    const data = Int32Array.from(bias, (value, i) => Math.round(value / (by[by.length === 1 ? 0 : i] as number)));
    const { name, node: reader } = dequantized(`${weight}_b`, data, [bias.length], by, 0);
    nodes.push(reader);
    node.input.push(name);
    return nodes;
  };
}

function alphaKey({ attribute }: OnnxNode): string {
  return attribute.map(({ name, f }) => (name === 'alpha' ? String(f) : '')).join('');
}

/** A bias much larger than a channel's weights would overflow 32 bits, so such a channel gets a larger scale. */
function leastScales(bias: Float32Array, inputScale: number, channels: number): Float32Array {
  const least = new Float32Array(channels);
  bias.forEach((value, i) => {
    const channel = channels === 1 ? 0 : i;
    const needed = Math.abs(value) / (inputScale * INT32_MOST * 0.99);
    // Only if float32 can distinguish it from 0; any usual scale is far larger.
    if (needed > 1e-12) least[channel] = Math.max(least[channel] as number, needed);
  });
  return least;
}
