import { LimbeckError } from '../../core/errors.ts';
import { checkAudioInput } from './audioInputCheck.ts';
import { checkImageInput } from './imageInputCheck.ts';
import type { ModelInput } from './modelInput.ts';

/** Throws    invalid-option: an unknown kind or option, or one that describes no input */
export function checkModelInput(input: ModelInput): void {
  const { kind = 'image' } = input;
  if (kind !== 'image' && kind !== 'audio') {
    throw new LimbeckError('invalid-option', `"kind" was ${String(kind)}; it must be one of image, audio.`);
  }
  if (input.kind === 'audio') checkAudioInput(input);
  else checkImageInput(input);
}
