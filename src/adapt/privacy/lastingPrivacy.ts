import { LimbeckError } from '../../core/errors.ts';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import { checkPrivacy, PRIVACY, type PrivacyOptions } from './privacyOptions.ts';

const { noiseSeed: _, ...fields } = PRIVACY.fields;

const LASTING = schema('privacy', {
  ...fields,
  /**
   * The ε that all versions together may tell about an example, in nats. A version that would tell more is not learned.
   * Default: no limit.
   */
  budget: positive(),
});

/** How a student that learns repeatedly hides each example: in every version as `personalize` does, and in all together. */
export interface LastingPrivacyOptions extends Omit<PrivacyOptions, 'noiseSeed'>, OptionsOf<typeof LASTING> {}

/** Throws    invalid-option: also a budget that the first version would exceed */
export function checkLastingPrivacy(options: LastingPrivacyOptions): void {
  if ('noiseSeed' in options) {
    throw new LimbeckError(
      'invalid-option',
      '"privacy" of a profile takes no "noiseSeed": the same noise in two versions would reveal what it hides.',
    );
  }
  const { budget, ...each } = LASTING.read(options);
  checkPrivacy(each);
  if (budget === undefined) return;
  if (options.epsilon === undefined || options.epsilon <= budget) return;
  throw new LimbeckError(
    'invalid-option',
    `"budget" was ${budget}, and each version may tell "epsilon" ${options.epsilon}: not even the first would be learned. ` +
      'Give a budget for several versions.',
    { details: { budget, epsilon: options.epsilon } },
  );
}
