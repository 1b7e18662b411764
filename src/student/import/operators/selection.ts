import { type Attributes, attributesOf, listOf, type Operator } from '../../../onnx/operator.ts';
import { operatorOf } from '../../../onnx/operators.ts';
import { int } from '../../../onnx/shapes/call.ts';
import type { Builder, Constant, OperatorTable, Step, Value } from '../operator.ts';
import { BATCH, complete, frontAxis, lengthsAt, outputShape, refuseUnknown, turnedConstant } from '../placing.ts';

/** To the end of an axis. */
const END = 2 ** 31 - 1;

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function cutsOf(step: Step): Cut[] | undefined {
  const lists = attributesOf(operatorOf('', 'Slice') as Operator, step);
  if (lists === undefined) return undefined;
  const [ends, steps] = [listOf(lists, 'ends'), listOf(lists, 'steps')];
  const cuts = listOf(lists, 'starts').map((start, axis) => {
    return { axis, start, end: ends[axis] as number, step: steps[axis] as number };
  });
  return cuts.filter(({ start, end, step }) => start !== 0 || end !== END || step !== 1);
}

/** The value with each of these axes in its tensor. */
function holding(builder: Builder, value: Value, axes: readonly number[]): { x: Value['tensor']; held: number[] } {
  const isThere = axes.every((axis) => value.axes.includes(axis)) && value.shuffle === undefined;
  const held = isThere ? [...value.axes] : complete(value);
  return { x: builder.arrange(value, held), held };
}

function cut(step: Step, builder: Builder, cuts: readonly Cut[], output: number): Value {
  const value = builder.value(step, 0);
  const { x, held } = holding(
    builder,
    value,
    cuts.map(({ axis }) => axis),
  );
  const at = (axis: number) => cuts.find((one) => one.axis === axis);
  const attributes = {
    starts: held.map((axis) => at(axis)?.start ?? 0),
    ends: held.map((axis) => at(axis)?.end ?? END),
    steps: held.map((axis) => at(axis)?.step ?? 1),
  };
  const shape = lengthsAt(outputShape(step, output), held);
  return {
    tensor: builder.operate(step, { operator: 'slice', operands: [x], attributes, shape }),
    axes: held,
    rank: value.rank,
  };
}

function refuseBatch(step: Step, axes: readonly number[]): string | undefined {
  const shape = step.inputs[0]?.shape ?? [];
  return axes.some((axis) => shape[axis] === BATCH) ? 'it cuts the batch' : undefined;
}

/** Operators that select, slice and join. */
export const selection: OperatorTable = {
  Slice: {
    refuse(step) {
      const cuts = cutsOf(step);
      if (cuts === undefined) return 'where it cuts is not known';
      return (
        refuseUnknown(step) ??
        refuseBatch(
          step,
          cuts.map(({ axis }) => axis),
        )
      );
    },
    build: (step, builder) => [cut(step, builder, cutsOf(step) ?? [], 0)],
  },
  Split: {
    refuse(step) {
      const axis = frontAxis(int(step, 'axis', 0), step.inputs[0]?.shape?.length ?? 0);
      const isKnown = step.outputs.every(({ shape }) => typeof shape?.[axis] === 'number');
      return refuseUnknown(step) ?? refuseBatch(step, [axis]) ?? (isKnown ? undefined : 'its lengths are not known');
    },
    build(step, builder) {
      const axis = frontAxis(int(step, 'axis', 0), step.inputs[0]?.shape?.length ?? 0);
      let start = 0;
      return step.outputs.map((_, i) => {
        const end = start + (outputShape(step, i)[axis] as number);
        const value =
          (step.node.output[i] ?? '') === '' ? undefined : cut(step, builder, [{ axis, start, end, step: 1 }], i);
        start = end;
        return value;
      });
    },
  },
  Concat: {
    refuse: refuseUnknown,
    build(step, builder) {
      const rank = outputShape(step).length;
      const axis = frontAxis(int(step, 'axis', 0), rank);
      const constants = step.node.input.map((_, i) => step.constant(i));
      const values = constants.map((constant, i) => (constant === undefined ? builder.value(step, i) : undefined));
      const whole = values.filter((one) => one !== undefined);
      const widest = whole.reduce((best, one) => (one.axes.length > best.axes.length ? one : best));
      const isThere =
        constants.every((one) => one === undefined) &&
        whole.every((one) => one.axes.every((a) => widest.axes.includes(a)));
      const axes = isThere && widest.axes.includes(axis) ? [...widest.axes] : complete(widest);
      const operands = values.map((value, i) =>
        value === undefined ? { weight: turnedConstant(constants[i] as Constant, axes) } : builder.arrange(value, axes),
      );
      const place = axes.indexOf(axis);
      if (constants.every((one) => one === undefined)) {
        const layer = builder.tf.layers.concatenate({ axis: place, name: builder.name(step) });
        return [{ tensor: builder.apply(layer, operands as Value['tensor'][]), axes, rank }];
      }
      const shape = lengthsAt(outputShape(step), axes);
      return [
        {
          tensor: builder.operate(step, { operator: 'concat', operands, attributes: { axis: place }, shape }),
          axes,
          rank,
        },
      ];
    },
  },
  Pad: {
    refuse(step) {
      const [pads, why] = [padsOf(step), operatorOf('', 'Pad')?.refuse?.(step)];
      if (pads === undefined || why !== undefined) return why ?? 'how much it pads is not known';
      const padded = pads.flatMap(([front, back], axis) => (front !== 0 || back !== 0 ? [axis] : []));
      return refuseUnknown(step) ?? refuseBatch(step, padded);
    },
    build(step, builder) {
      const [value, pads] = [builder.value(step, 0), padsOf(step) ?? []];
      const { mode, value: filler } = attributesOf(operatorOf('', 'Pad') as Operator, step) as Attributes;
      const padded = pads.flatMap(([front, back], axis) => (front !== 0 || back !== 0 ? [axis] : []));
      if (padded.length === 0) return [value];
      const { x, held } = holding(builder, value, padded);
      const isImage =
        held.join() === '0,2,3,1' && padded.every((axis) => axis > 1) && mode === 'constant' && filler === 0;
      if (isImage) {
        const padding = [pads[2], pads[3]] as [[number, number], [number, number]];
        return [
          {
            tensor: builder.apply(builder.tf.layers.zeroPadding2d({ padding, name: builder.name(step) }), x),
            axes: held,
            rank: 4,
          },
        ];
      }
      const attributes = { pads: held.flatMap((axis) => pads[axis] ?? [0, 0]), mode, value: filler } as Attributes;
      const shape = lengthsAt(outputShape(step), held);
      return [
        {
          tensor: builder.operate(step, { operator: 'pad', operands: [x], attributes, shape }),
          axes: held,
          rank: value.rank,
        },
      ];
    },
  },
  Gather: {
    refuse(step) {
      const axis = frontAxis(int(step, 'axis', 0), step.inputs[0]?.shape?.length ?? 0);
      if (step.constant(0) !== undefined) return refuseUnknown(step);
      const indices = step.constant(1);
      if (indices !== undefined && indices.shape.length > 1) return 'its indices have several axes';
      return (
        refuseUnknown(step) ??
        refuseBatch(step, [axis]) ??
        (indices === undefined ? 'its indices are computed' : undefined)
      );
    },
    build: (step, builder) => [step.constant(0) === undefined ? picked(step, builder) : looked(step, builder)],
  },
};

function padsOf(step: Step): (readonly [number, number])[] | undefined {
  const attributes = attributesOf(operatorOf('', 'Pad') as Operator, step);
  if (attributes === undefined) return undefined;
  const flat = listOf(attributes, 'pads');
  return Array.from({ length: flat.length / 2 }, (_, axis) => [flat[2 * axis] as number, flat[2 * axis + 1] as number]);
}

/** Rows of a stored table by computed indices: an embedding. */
function looked(step: Step, builder: Builder): Value {
  const { tf, apply, name } = builder;
  const [table, indices] = [step.constant(0) as Constant, builder.value(step, 1)];
  const axis = frontAxis(int(step, 'axis', 0), table.shape.length);
  const held = Array.from({ length: indices.rank }, (_, i) => i);
  const x = builder.arrange(
    indices,
    indices.shuffle === undefined && indices.axes.length === indices.rank ? indices.axes : held,
  );
  const axes = indices.axes.length === indices.rank ? [...indices.axes] : held;
  if (axis === 0 && table.shape.length === 2) {
    const [inputDim, outputDim] = table.shape as [number, number];
    const layer = tf.layers.embedding({ inputDim, outputDim, embeddingsInitializer: 'zeros', name: name(step, table) });
    return { tensor: apply(layer, x, [table.data]), axes: [...axes, indices.rank], rank: indices.rank + 1 };
  }
  const result = [...held, ...table.shape.slice(1).map((_, i) => indices.rank + i)];
  const operands = [{ weight: table }, builder.arrange(indices, held)];
  const shape = lengthsAt(outputShape(step), result);
  return {
    tensor: builder.operate(step, { operator: 'gather', operands, attributes: { axis }, shape }),
    axes: result,
    rank: result.length,
  };
}

/** Elements of a value along an axis, by stored indices. A single index removes the axis. */
function picked(step: Step, builder: Builder): Value {
  const [value, indices] = [builder.value(step, 0), step.constant(1) as Constant];
  const axis = frontAxis(int(step, 'axis', 0), value.rank);
  const { x, held } = holding(builder, value, [axis]);
  const isOne = indices.shape.length === 0;
  const attributes = { axis: held.indexOf(axis), indices: [...indices.data], isOne: isOne ? 1 : 0 };
  const kept = isOne ? held.filter((one) => one !== axis) : held;
  const axes = isOne ? kept.map((one) => (one > axis ? one - 1 : one)) : kept;
  const shape = lengthsAt(outputShape(step), axes);
  return {
    tensor: builder.operate(step, { operator: 'gather', operands: [x], attributes, shape }),
    axes,
    rank: value.rank - (isOne ? 1 : 0),
  };
}
