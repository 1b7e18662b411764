import { int, ints } from '../../../onnx/shapes/call.ts';
import { flatPads, refuseWindow, type Window, windowOf } from '../../../onnx/windows.ts';
import type { Builder, OperatorTable, Step, Value } from '../operator.ts';
import { channelsLast, lengthsAt, outputShape, refuseUnknown } from '../placing.ts';
import { reduced } from '../reduced.ts';

type Kind = 'max' | 'average';

function poolingWindow(step: Step): Window | undefined {
  return windowOf(step, ints(step, 'kernel_shape') ?? [], step.inputs[0]?.shape?.slice(2) ?? []);
}

/** Whether tfjs's own layer computes it; its 'same' excludes the padding from an average. */
function isNative(step: Step, { padding, dilations }: Window, kind: Kind): boolean {
  const isPlain = padding !== undefined && dilations.every((one) => one === 1);
  return isPlain && (kind === 'max' || padding === 'valid' || int(step, 'count_include_pad', 0) === 0);
}

function pool(kind: Kind): OperatorTable[string] {
  return {
    refuse(step) {
      const rank = step.inputs[0]?.shape?.length ?? 0;
      const [unknown, window] = [refuseUnknown(step), poolingWindow(step)];
      if (unknown !== undefined) return unknown;
      if ((step.node.output[1] ?? '') !== '') return 'it also gives where it found the values';
      if (window === undefined) return 'its padding depends on lengths that are not known';
      const longer = refuseWindow(window, step.inputs[0]?.shape?.slice(2) ?? []);
      if (longer !== undefined) return longer;
      return rank < 3 || rank > 5 || (rank === 5 && !isNative(step, window, kind))
        ? `it runs over ${rank - 2} axes of space`
        : undefined;
    },
    build: (step, builder) => [pooled(step, builder, kind)],
  };
}

function pooled(step: Step, builder: Builder, kind: Kind): Value {
  const { tf, apply, name } = builder;
  const window = poolingWindow(step) as Window;
  const rank = window.kernel.length + 2;
  const axes = channelsLast(rank);
  const x = builder.arrange(builder.value(step, 0), axes);
  if (isNative(step, window, kind)) {
    const makers = {
      max: [tf.layers.maxPooling1d, tf.layers.maxPooling2d, tf.layers.maxPooling3d],
      average: [tf.layers.averagePooling1d, tf.layers.averagePooling2d, tf.layers.averagePooling3d],
    }[kind];
    const make = makers[rank - 3] as typeof tf.layers.maxPooling2d;
    const { kernel, strides, padding = 'valid' } = window;
    const [poolSize, steps] = rank === 3 ? [kernel[0], strides[0]] : [[...kernel], [...strides]];
    return { tensor: apply(make({ poolSize, strides: steps, padding, name: name(step) } as never), x), axes, rank };
  }
  const attributes = {
    kernelShape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: flatPads(window),
    extra: window.extra,
    countIncludePad: int(step, 'count_include_pad', 0),
  };
  const operator = kind === 'max' ? 'maxPool' : 'averagePool';
  const shape = lengthsAt(outputShape(step), axes);
  return { tensor: builder.operate(step, { operator, operands: [x], attributes, shape }), axes, rank };
}

function global(operator: string): OperatorTable[string] {
  return {
    refuse: refuseUnknown,
    build(step, builder) {
      const value = builder.value(step, 0);
      const axes = Array.from({ length: value.rank - 2 }, (_, i) => i + 2);
      return [reduced(step, builder, operator, axes, true)];
    },
  };
}

export const pooling: OperatorTable = {
  MaxPool: pool('max'),
  AveragePool: pool('average'),
  GlobalAveragePool: global('reduceMean'),
  GlobalMaxPool: global('reduceMax'),
};
