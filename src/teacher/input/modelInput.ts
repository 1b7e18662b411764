import type { NdArray } from '../../core/shape.ts';
import { toAudioInput } from './audioInput.ts';
import type { AudioInput } from './audioOptions.ts';
import { toImageInput } from './imageInput.ts';
import type { ImageInput } from './imageOptions.ts';

// Separate, so that a page that only checks does not load the computation.
export { checkModelInput } from './modelInputCheck.ts';

/** How an array of the dataset becomes an input of the model. `kind` is 'image' if it is missing. */
export type ModelInput = ImageInput | AudioInput;

/**
 * An array of the dataset as the model reads it.
 * Throws    shape-mismatch: not what the options describe
 */
export function toModelInput(array: NdArray, input: ModelInput): NdArray {
  return input.kind === 'audio' ? toAudioInput(array, input) : toImageInput(array, input);
}
