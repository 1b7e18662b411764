import { axesOf, int, ints, numbersAt, text } from '../../../onnx/shapes/call.ts';
import type { OperatorTable, Step } from '../operator.ts';
import { complete, frontAxis, lengthsAt, outputShape, refuseUnknown } from '../placing.ts';
import { regroup } from '../regroup.ts';

/** The axes of Squeeze or Unsqueeze, counted from the front; undefined if unknown. */
function namedAxes(step: Step, rank: number): number[] | undefined {
  const axes = axesOf(step, 'axes', 1);
  return axes?.map((axis) => frontAxis(axis, rank));
}

function reshaping(): OperatorTable[string] {
  return {
    refuse(step) {
      const unknown = refuseUnknown(step);
      const free = outputShape(step).filter((length) => length === null).length;
      if (unknown !== undefined || free < 2) return unknown;
      return 'several lengths of its result are not known; fix the lengths of the inputs with inputShapes';
    },
    build: (step, builder) => [
      regroup(step, builder, builder.value(step, 0), step.inputs[0]?.shape ?? [], outputShape(step)),
    ],
  };
}

/** Operators that only change the shape. */
export const shape: OperatorTable = {
  Reshape: reshaping(),
  Flatten: reshaping(),
  Squeeze: {
    refuse: refuseUnknown,
    build(step, builder) {
      const [value, from] = [builder.value(step, 0), step.inputs[0]?.shape ?? []];
      const axes = namedAxes(step, value.rank) ?? from.flatMap((length, i) => (length === 1 ? [i] : []));
      const kept = value.axes.filter((axis) => !axes.includes(axis));
      const isHeld = kept.length === value.axes.length;
      const tensor = isHeld ? value.tensor : builder.arrange(value, kept);
      const renumbered = kept.map((axis) => axis - axes.filter((one) => one < axis).length);
      const shuffle = isHeld && value.shuffle !== undefined ? { shuffle: value.shuffle } : {};
      return [{ tensor, axes: renumbered, rank: value.rank - axes.length, ...shuffle }];
    },
  },
  Unsqueeze: {
    refuse: (step) => refuseUnknown(step) ?? (namedAxes(step, 99) === undefined ? 'its axes are not known' : undefined),
    build(step, builder) {
      const value = builder.value(step, 0);
      const rank = outputShape(step).length;
      const added = namedAxes(step, rank) ?? [];
      const others = Array.from({ length: rank }, (_, i) => i).filter((axis) => !added.includes(axis));
      return [{ ...value, axes: value.axes.map((axis) => others[axis] as number), rank }];
    },
  },
  Transpose: {
    refuse: refuseUnknown,
    build(step, builder) {
      const value = builder.value(step, 0);
      const perm = ints(step, 'perm') ?? Array.from({ length: value.rank }, (_, i) => value.rank - 1 - i);
      return [{ ...value, axes: value.axes.map((axis) => perm.indexOf(axis)) }];
    },
  },
  Expand: {
    refuse: (step) => refuseUnknown(step) ?? refuseStored(step),
    build(step, builder) {
      const [value, to] = [builder.value(step, 0), outputShape(step)];
      const shifted = { ...value, rank: to.length, axes: value.axes.map((axis) => axis + to.length - value.rank) };
      const from = [...new Array<number>(to.length - value.rank).fill(1), ...(step.inputs[0]?.shape ?? [])];
      if (to.every((length, i) => length === from[i])) return [shifted];
      const axes = complete(shifted);
      const lengths = axes.map((axis) => (from[axis] === to[axis] ? -1 : (to[axis] as number)));
      const plan = { operator: 'expand', operands: [builder.arrange(shifted, axes)], attributes: { shape: lengths } };
      return [{ tensor: builder.operate(step, { ...plan, shape: lengthsAt(to, axes) }), axes, rank: to.length }];
    },
  },
  Tile: {
    refuse: (step) =>
      refuseUnknown(step) ??
      refuseStored(step) ??
      (numbersAt(step, 1) === undefined ? 'how often it repeats is not known' : undefined),
    build(step, builder) {
      const value = builder.value(step, 0);
      const axes = complete(value);
      const repeats = axes.map((axis) => numbersAt(step, 1)?.[axis] ?? 1);
      const plan = { operator: 'tile', operands: [builder.arrange(value, axes)], attributes: { repeats } };
      return [
        {
          tensor: builder.operate(step, { ...plan, shape: lengthsAt(outputShape(step), axes) }),
          axes,
          rank: value.rank,
        },
      ];
    },
  },
  DepthToSpace: blocks('depthToSpace'),
  SpaceToDepth: blocks('spaceToDepth'),
};

function refuseStored(step: Step): string | undefined {
  if (step.constant(0) !== undefined) return 'it repeats a stored value for each example';
  const isKnown = outputShape(step).every((length, i, all) => {
    const from = step.inputs[0]?.shape ?? [];
    return typeof length === 'number' || length === (from[i - all.length + from.length] ?? 1);
  });
  return isKnown ? undefined : 'it lengthens an axis as far as the data says';
}

function blocks(operator: string): OperatorTable[string] {
  return {
    refuse: refuseUnknown,
    build(step, builder) {
      const axes = [0, 2, 3, 1];
      const x = builder.arrange(builder.value(step, 0), axes);
      const mode = text(step, 'mode', 'DCR') === 'CRD' ? 'crd' : 'dcr';
      const attributes = { blocksize: int(step, 'blocksize', 1), mode };
      const result = lengthsAt(outputShape(step), axes);
      return [{ tensor: builder.operate(step, { operator, operands: [x], attributes, shape: result }), axes, rank: 4 }];
    },
  };
}
