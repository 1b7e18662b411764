/** A keras shape with its batch first; null is a length that the model leaves free. */
export type Lengths = readonly (number | null)[];

export type ValueType = 'float32' | 'int32' | 'int64' | 'bool';

/**
 * How the file holds a value's numbers.
 * 'plain'           in the order of its keras shape
 * 'channels-first'  the last axis of the keras shape stands second: [B, H, W, C] is held as [B, C, H, W]
 * 'flattened'       a [B, H·W·C] whose rows were flattened from [B, C, H, W]
 */
export type Layout = 'plain' | 'channels-first' | 'flattened';

/** What flows between two nodes, as a layer's exporter sees it. */
export interface Value {
  /** Its name in the file; '' never. */
  readonly name: string;
  /** Its keras shape, whatever the layout. */
  readonly shape: Lengths;
  readonly dtype: ValueType;
  readonly layout: Layout;
  /** For 'flattened': the keras shape without batch that it was flattened from, such as [H, W, C]. */
  readonly flattenedFrom?: readonly number[];
  /** Name of a bool [B, T] that is false where keras masks a time step out. */
  readonly mask?: string;
}

/** The shape as the file holds it. */
export function heldShape({ shape, layout }: Pick<Value, 'shape' | 'layout'>): Lengths {
  if (layout !== 'channels-first') return shape;
  return [shape[0] ?? null, shape.at(-1) ?? null, ...shape.slice(1, -1)];
}

/** Where the file holds an axis of the keras shape; a negative axis counts from the end. */
export function heldAxis({ shape, layout }: Pick<Value, 'shape' | 'layout'>, axis: number): number {
  const keras = axis < 0 ? axis + shape.length : axis;
  if (layout !== 'channels-first' || keras === 0) return keras;
  return keras === shape.length - 1 ? 1 : keras + 1;
}
