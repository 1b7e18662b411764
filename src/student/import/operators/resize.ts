import { int, numbersAt, text } from '../../../onnx/shapes/call.ts';
import type { Builder, OperatorTable, Step, Value } from '../operator.ts';
import { channelsLast, lengthsAt, outputShape, refuseUnknown } from '../placing.ts';

/** How much longer each axis becomes, by `scales` or from known lengths; undefined where neither is known. */
function scalesOf(step: Step): readonly number[] | undefined {
  const own = step.node.attribute.find(({ name }) => name === 'scales')?.floats;
  const given = own ?? numbersAt(step, step.node.opType === 'Upsample' || step.opset < 11 ? 1 : 2);
  if (given !== undefined && given.length > 0) return given;
  const [from, to] = [step.inputs[0]?.shape ?? [], outputShape(step)];
  const known = to.map((length, i) => {
    if (length === from[i]) return 1;
    return typeof length === 'number' && typeof from[i] === 'number' ? length / from[i] : undefined;
  });
  return known.every((one) => one !== undefined) ? known : undefined;
}

function refuseResize(step: Step): string | undefined {
  const rank = step.inputs[0]?.shape?.length ?? 0;
  const [mode, scales] = [text(step, 'mode', 'nearest'), scalesOf(step)];
  const coordinates = text(step, 'coordinate_transformation_mode', 'half_pixel');
  if (scales === undefined) return 'the lengths that it gives are not known; fix those of the inputs with inputShapes';
  if (!['nearest', 'linear', 'bilinear'].includes(mode)) return `it resizes by "${mode}"`;
  if (!(coordinates in COORDINATES)) return `its coordinates are "${coordinates}"`;
  if (coordinates === 'align_corners' && !isWhole(step, scales))
    return 'it aligns corners by scales that give no whole lengths';
  if (int(step, 'antialias', 0) === 1) return 'it smooths before it shrinks (antialias)';
  if (step.node.attribute.some(({ name }) => name === 'axes')) return 'it names its axes';
  if (rank < 3 || scales[0] !== 1 || scales[1] !== 1) return 'it resizes the batch or the channels';
  return refuseUnknown(step);
}

/** Where they are not, ONNX's own rule and onnxruntime's differ. */
function isWhole({ inputs }: Step, scales: readonly number[]): boolean {
  const shape = inputs[0]?.shape ?? [];
  return scales.every(
    (scale, i) => scale === 1 || (typeof shape[i] === 'number' && Number.isInteger(shape[i] * scale)),
  );
}

const COORDINATES: Readonly<Record<string, string>> = {
  half_pixel: 'halfPixel',
  asymmetric: 'asymmetric',
  align_corners: 'alignCorners',
  pytorch_half_pixel: 'pytorchHalfPixel',
};

const ROUNDINGS: Readonly<Record<string, string>> = {
  round_prefer_floor: 'roundPreferFloor',
  round_prefer_ceil: 'roundPreferCeil',
  floor: 'floor',
  ceil: 'ceil',
};

function resized(step: Step, builder: Builder): Value {
  const { tf, apply, name } = builder;
  const scales = (scalesOf(step) ?? []).slice(2);
  const rank = scales.length + 2;
  const axes = channelsLast(rank);
  const x = builder.arrange(builder.value(step, 0), axes);
  const isNearest = text(step, 'mode', 'nearest') === 'nearest';
  // Upsample, and Resize before version 11, know this one only.
  const isOld = step.node.opType === 'Upsample' || step.opset < 11;
  const coordinates = isOld
    ? 'asymmetric'
    : (COORDINATES[text(step, 'coordinate_transformation_mode', 'half_pixel')] as string);
  const rounding = isOld ? 'floor' : (ROUNDINGS[text(step, 'nearest_mode', 'round_prefer_floor')] as string);
  const isRepeat = isNearest && rank === 4 && scales.every((one) => Number.isInteger(one) && one >= 1);
  const isPlain =
    (coordinates === 'asymmetric' && rounding === 'floor') ||
    (coordinates === 'halfPixel' && rounding === 'roundPreferFloor');
  if (isRepeat && isPlain) {
    const layer = tf.layers.upSampling2d({ size: scales as [number, number], name: name(step) });
    return { tensor: apply(layer, x), axes, rank };
  }
  const shape = lengthsAt(outputShape(step), axes);
  const sizes = shape.slice(1, -1).map((length) => length ?? -1);
  const attributes = { mode: isNearest ? 'nearest' : 'linear', coordinates, rounding, scales, sizes };
  return { tensor: builder.operate(step, { operator: 'resize', operands: [x], attributes, shape }), axes, rank };
}

export const resize: OperatorTable = {
  Resize: { refuse: refuseResize, build: (step, builder) => [resized(step, builder)] },
  Upsample: { refuse: refuseResize, build: (step, builder) => [resized(step, builder)] },
};
