/**
 * The name of a model's only output, whatever its file or its layer calls it. Losses compare it unless told otherwise:
 * one number for each class, before softmax. For a student, the name of the layer works too.
 */
export const DEFAULT_OUTPUT = 'logits';

/** Outputs by their names, an only one under `DEFAULT_OUTPUT`. */
export function withDefaultName<T>(outputs: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const [only, ...others] = Object.values(outputs);
  return only !== undefined && others.length === 0 ? { [DEFAULT_OUTPUT]: only } : outputs;
}
