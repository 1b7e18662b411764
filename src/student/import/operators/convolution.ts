import { transposed } from '../../../core/transposed.ts';
import { int, ints, text } from '../../../onnx/shapes/call.ts';
import { flatPads, refuseWindow, type Window, windowOf } from '../../../onnx/windows.ts';
import type { SymbolicTensor } from '../../../runtime/tf.ts';
import { mergedActivation } from '../activationOf.ts';
import type { Builder, Constant, OperatorTable, Step, Value } from '../operator.ts';
import { channelsLast, lengthsAt, outputShape, refuseComputed, refuseUnknown, turnedConstant } from '../placing.ts';

/** The kernel's axes with channels last: [O, I, H, W] → [H, W, I, O]. */
const kernelOrder = (rank: number) => [...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1, 0];

export const convolution: OperatorTable = {
  Conv: {
    refuse(step) {
      const rank = step.inputs[0]?.shape?.length ?? 0;
      const stored = refuseUnknown(step) ?? refuseComputed(step, 1, 'weights') ?? refuseBias(step);
      if (stored !== undefined) return stored;
      if (rank < 3 || rank > 5) return `it runs over ${rank - 2} axes of space`;
      const window = convolutionWindow(step);
      if (window === undefined) return 'its padding depends on lengths that are not known';
      const longer = refuseWindow(window, step.inputs[0]?.shape?.slice(2) ?? []);
      if (longer !== undefined) return longer;
      const isDilated = window.dilations.some((one) => one > 1) && window.strides.some((one) => one > 1);
      const isPlain = window.padding !== undefined && int(step, 'group', 1) === 1 && !isDilated;
      return rank === 5 && !isPlain
        ? 'it runs over three axes of space in groups, dilated with strides or with padding of its own'
        : undefined;
    },
    build: (step, builder) => convolved(step, builder),
  },
  ConvTranspose: {
    refuse(step) {
      const rank = step.inputs[0]?.shape?.length ?? 0;
      const stored = refuseUnknown(step) ?? refuseComputed(step, 1, 'weights') ?? refuseBias(step);
      if (stored !== undefined) return stored;
      if (rank !== 3 && rank !== 4) return `it runs over ${rank - 2} axes of space`;
      if ((ints(step, 'dilations') ?? []).some((one) => one !== 1)) return 'it is dilated';
      const isPadded = text(step, 'auto_pad', 'NOTSET').startsWith('SAME') || ints(step, 'output_shape') !== undefined;
      return isPadded ? 'its padding follows from the length of its output' : undefined;
    },
    build: (step, builder) => convTranspose(step, builder),
  },
};

function refuseBias(step: Step): string | undefined {
  return step.inputs[2] === undefined ? undefined : refuseComputed(step, 2, 'biases');
}

function convolutionWindow(step: Step): Window | undefined {
  const weight = step.constant(1) as Constant;
  return windowOf(step, weight.shape.slice(2), step.inputs[0]?.shape?.slice(2) ?? []);
}

function convolved(step: Step, builder: Builder): readonly Value[] {
  const { tf, apply, name } = builder;
  const [window, weight, bias] = [convolutionWindow(step) as Window, step.constant(1) as Constant, step.constant(2)];
  const rank = weight.shape.length;
  const axes = channelsLast(rank);
  const x = builder.arrange(builder.value(step, 0), axes);
  const group = int(step, 'group', 1);
  const [filters, depth] = weight.shape as [number, number];
  const isDilated = window.dilations.some((one) => one > 1) && window.strides.some((one) => one > 1);
  const isDepthwise = group > 1 && depth === 1 && rank === 4 && !isDilated;
  if ((group > 1 && !isDepthwise) || isDilated) return [operated(step, builder, x, window)];
  const merged = mergedActivation(step, builder);
  const padding = window.padding ?? 'valid';
  const layerName = name(step, weight);
  const source = window.padding === undefined ? padded(step, builder, x, window, layerName) : x;
  const common = {
    kernelSize: [...window.kernel],
    strides: [...window.strides],
    dilationRate: [...window.dilations],
    padding,
    useBias: bias !== undefined,
    biasInitializer: 'zeros',
    name: layerName,
    ...(merged && { activation: merged.activation as 'relu' }),
  } as const;
  const biases = bias === undefined ? [] : [bias.data];
  const value = (tensor: SymbolicTensor): Value => ({ tensor, axes, rank });
  let result: Value;
  if (isDepthwise) {
    // [C · M, 1, H, W] → [H, W, C, M]
    const depthMultiplier = filters / group;
    const split = { shape: [group, depthMultiplier, ...weight.shape.slice(2)], data: weight.data };
    const layer = tf.layers.depthwiseConv2d({
      ...common,
      kernelSize: common.kernelSize as [number, number],
      depthMultiplier,
      depthwiseInitializer: 'zeros',
    } as never);
    result = value(apply(layer, source, [transposed(split, [2, 3, 0, 1]).data, ...biases]));
  } else {
    const make = { 3: tf.layers.conv1d, 4: tf.layers.conv2d, 5: tf.layers.conv3d }[rank] as typeof tf.layers.conv2d;
    const layer = make({ ...common, filters, kernelInitializer: 'zeros' } as never);
    result = value(apply(layer, source, [transposed(weight, kernelOrder(rank)).data, ...biases]));
  }
  if (merged !== undefined) builder.settle(merged.last, result);
  return [result];
}

/** Zeros around the image, as a separate layer. */
function padded(step: Step, builder: Builder, x: SymbolicTensor, { pads }: Window, layerName: string): SymbolicTensor {
  const { tf, apply, name } = builder;
  if (pads.length === 2) {
    const padding = pads.map((pair) => [...pair]) as [[number, number], [number, number]];
    return apply(tf.layers.zeroPadding2d({ padding, name: name({ ...step, name: `${layerName}_pad` }) }), x);
  }
  const shape = x.shape.map((length, i) => {
    const pair = pads[i - 1];
    return length === null || pair === undefined ? length : length + pair[0] + pair[1];
  });
  const flat = [0, 0, ...pads.flatMap((pair) => [...pair]), 0, 0];
  return builder.operate(
    { ...step, name: `${layerName}_pad` },
    { operator: 'pad', operands: [x], attributes: { pads: flat }, shape },
  );
}

function operated(step: Step, builder: Builder, x: SymbolicTensor, window: Window): Value {
  const [weight, bias] = [step.constant(1) as Constant, step.constant(2)];
  const rank = weight.shape.length;
  const axes = channelsLast(rank);
  const operands = [x, { weight: turnedConstant(weight, kernelOrder(rank)) }, ...(bias ? [{ weight: bias }] : [])];
  const attributes = {
    strides: window.strides,
    dilations: window.dilations,
    pads: flatPads(window),
    group: int(step, 'group', 1),
  };
  const tensor = builder.operate(step, {
    operator: 'conv',
    operands,
    attributes,
    shape: lengthsAt(outputShape(step), axes),
  });
  return { tensor, axes, rank };
}

function convTranspose(step: Step, builder: Builder): readonly Value[] {
  const { tf, apply, name } = builder;
  const [weight, bias] = [step.constant(1) as Constant, step.constant(2)];
  const rank = weight.shape.length;
  const axes = channelsLast(rank);
  const x = builder.arrange(builder.value(step, 0), axes);
  const kernel = weight.shape.slice(2);
  const group = int(step, 'group', 1);
  const strides = ints(step, 'strides') ?? kernel.map(() => 1);
  const given = ints(step, 'pads') ?? [];
  const pads = kernel.map((_, i) => [given[i] ?? 0, given[i + kernel.length] ?? 0] as const);
  const outputPadding = ints(step, 'output_padding') ?? kernel.map(() => 0);
  const isWhole = pads.every(([front, back]) => front === 0 && back === 0) && outputPadding.every((one) => one === 0);
  // [I, O / G, H, W] → [H, W, O / G, I], which is tfjs's order too.
  const order = kernelOrder(rank);
  const isNative =
    rank === 4 && group === 1 && isWhole && kernel.every((length, i) => length >= (strides[i] as number));
  if (isNative) {
    const merged = mergedActivation(step, builder);
    const layer = tf.layers.conv2dTranspose({
      filters: weight.shape[1] as number,
      kernelSize: kernel as [number, number],
      strides: [...strides] as [number, number],
      padding: 'valid',
      useBias: bias !== undefined,
      kernelInitializer: 'zeros',
      name: name(step, weight),
      ...(merged && { activation: merged.activation as 'relu' }),
    });
    const biases = bias === undefined ? [] : [bias.data];
    const result = { tensor: apply(layer, x, [transposed(weight, order).data, ...biases]), axes, rank };
    if (merged !== undefined) builder.settle(merged.last, result);
    return [result];
  }
  const operands = [x, { weight: turnedConstant(weight, order) }, ...(bias ? [{ weight: bias }] : [])];
  const attributes = {
    kernelShape: kernel,
    strides,
    pads: pads.flatMap((pair) => [...pair]),
    extra: outputPadding,
    group,
  };
  const tensor = builder.operate(step, {
    operator: 'convTranspose',
    operands,
    attributes,
    shape: lengthsAt(outputShape(step), axes),
  });
  return [{ tensor, axes, rank }];
}
