import type { Builder, Step, Value } from './operator.ts';
import { lengthsAt } from './placing.ts';

/** A value with these axes of the model reduced to one number each. Axes kept with length 1 are left out of the tensor. */
export function reduced(
  step: Step,
  builder: Builder,
  operator: string,
  axes: readonly number[],
  keepsAxes: boolean,
): Value {
  const { tf, apply, name } = builder;
  const value = builder.value(step, 0);
  const rank = keepsAxes ? value.rank : value.rank - axes.length;
  const renumbered = (axis: number) => (keepsAxes ? axis : axis - axes.filter((one) => one < axis).length);
  const held = value.axes;
  const places = held.flatMap((axis, i) => (axes.includes(axis) ? [i] : []));
  const kept = held.filter((axis) => !axes.includes(axis));
  const isSame =
    operator === 'reduceMean' || operator === 'reduceMax' || operator === 'reduceSum' || operator === 'reduceMin';
  if (places.length === 0 && isSame) return { ...value, axes: held.map(renumbered), rank };
  const x = builder.arrange(value, held);
  const result = kept.map(renumbered);
  const isPooling =
    places.join() ===
      held
        .slice(1, -1)
        .map((_, i) => i + 1)
        .join() && places.length > 0;
  const pools = {
    reduceMean: [tf.layers.globalAveragePooling1d, tf.layers.globalAveragePooling2d],
    reduceMax: [tf.layers.globalMaxPooling1d, tf.layers.globalMaxPooling2d],
  }[operator as 'reduceMean' | 'reduceMax'];
  const pool = isPooling ? pools?.[places.length - 1] : undefined;
  if (pool !== undefined) return { tensor: apply(pool({ name: name(step) }), x), axes: result, rank };
  const shape = lengthsAt(step.inputs[0]?.shape ?? [], kept);
  const attributes = { axes: places, keepdims: 0 };
  return { tensor: builder.operate(step, { operator, operands: [x], attributes, shape }), axes: result, rank };
}
