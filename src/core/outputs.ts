/**
 * The name of a model's only output, whatever its file calls it. It is what losses compare unless told otherwise:
 * one number for each class, before softmax.
 */
export const DEFAULT_OUTPUT = 'logits';
