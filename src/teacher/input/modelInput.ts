import type { NdArray } from '../../core/shape.ts';
import { toAudioInput } from './audioInput.ts';
import type { AudioInput } from './audioOptions.ts';
import { toImageInput } from './imageInput.ts';
import type { ImageInput } from './imageOptions.ts';

// On its own, so that a page that only checks does not load what computes.
export { checkModelInput } from './modelInputCheck.ts';

/** How one array of the dataset becomes one input of the model; told apart by `kind`, 'image' where there is none. */
export type ModelInput = ImageInput | AudioInput;

/**
 * An array of the dataset as the model reads it.
 * Throws    shape-mismatch: not what the options describe
 */
export function toModelInput(array: NdArray, input: ModelInput): NdArray {
  return input.kind === 'audio' ? toAudioInput(array, input) : toImageInput(array, input);
}
