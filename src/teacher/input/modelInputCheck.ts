import { LimbeckError } from '../../core/errors.ts';
import { type AudioInput, readAudioInput } from './audioOptions.ts';
import { type ImageInput, readImageInput } from './imageOptions.ts';

/** Throws    invalid-option: an unknown kind or option, or one that describes no input */
export function checkModelInput(input: ImageInput | AudioInput): void {
  const { kind = 'image' } = input;
  if (kind !== 'image' && kind !== 'audio') {
    throw new LimbeckError('invalid-option', `"kind" was ${String(kind)}; it must be one of image, audio.`);
  }
  if (input.kind === 'audio') readAudioInput(input);
  else readImageInput(input);
}
