/**
 * The name of a model's only output, whatever its file or its layer calls it. Losses compare it unless told otherwise:
 * one number for each class, before softmax. For a student, the name of the layer works too.
 */
export const DEFAULT_OUTPUT = 'logits';
