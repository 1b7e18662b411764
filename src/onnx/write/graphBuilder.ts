import type { Value } from './graphValue.ts';

/** A float attribute, told from a whole number. */
export interface FloatAttribute {
  readonly float: number | readonly number[];
}

/** A number is a whole one: an int attribute; an array is ints; a float stands in `float(…)`. */
export type Attribute = number | readonly number[] | string | FloatAttribute | readonly string[];

export function float(value: number | readonly number[]): FloatAttribute {
  return { float: value };
}

/** What is known of a node's output: all but its name. dtype is float32 and layout plain where nothing is said. */
export type Output = Omit<Value, 'name' | 'dtype' | 'layout'> & Partial<Pick<Value, 'dtype' | 'layout'>>;

/** Takes the nodes and constants of a graph in the order of their making. */
export interface GraphBuilder {
  /** Version of the operators that may be used. */
  readonly opset: number;
  /** Adds a node of one output. A string among the inputs is a constant's or mask's name; '' an input that is left out. */
  node(
    operator: string,
    inputs: readonly (Value | string)[],
    output: Output,
    attributes?: Readonly<Record<string, Attribute>>,
  ): Value;
  /** Adds a node of several outputs; undefined is one that is left out: its value has the name ''. */
  nodeOf(
    operator: string,
    inputs: readonly (Value | string)[],
    outputs: readonly (Output | undefined)[],
    attributes?: Readonly<Record<string, Attribute>>,
  ): Value[];
  /** A stored float32 tensor, named '<layer>/<name>'; the same name and values twice are stored once. Gives its name. */
  floats(name: string, shape: readonly number[], values: ArrayLike<number>): string;
  /** A stored int64 tensor: shapes, axes, pads. One axis is shape [1], a scalar shape []. */
  ints(name: string, shape: readonly number[], values: readonly number[]): string;
  int32s(name: string, shape: readonly number[], values: readonly number[]): string;
  /** ReduceMean, ReduceMax, ReduceSum …: along axes as the file holds them, given as the opset wants them. */
  reduce(
    operator: string,
    input: Value,
    heldAxes: readonly number[],
    output: Output,
    keepDims?: 'keep' | 'drop',
  ): Value;
  /** The same value in another layout that was made before, by its name; `layout.ts` keeps them here. */
  readonly twins: Map<string, Value>;
  /** The same graph for the nodes of another layer: names of what it adds begin with it. */
  within(layer: string): GraphBuilder;
}
