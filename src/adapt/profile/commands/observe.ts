import { LimbeckError } from '../../../core/errors.ts';
import type { Opened } from '../opened.ts';
import type { ExampleInput } from '../profile.ts';
import { asBatch } from './exampleInput.ts';
import { featuresOf } from './predicting.ts';

/** Keeps an example; gives its id once it is in the store. Throws    as `Profile.observe` */
export async function observe(
  { archive, learner, settings, changed }: Opened,
  input: ExampleInput,
  label: string,
  id: string | undefined,
): Promise<string> {
  const { binding, journal } = archive;
  const batch = asBatch(input, learner.inputs);
  checkLabel(label, binding.labels, settings.newLabels);
  const arrays = binding.keeps === 'examples' ? batch : { features: await featuresOf(learner, batch) };
  const kept = await journal.add(label, arrays, id);
  changed();
  return kept;
}

/** The same, and learns from it soon. */
export async function teach(opened: Opened, input: ExampleInput, label: string, id: string | undefined) {
  const kept = await observe(opened, input, label, id);
  opened.learnSoon();
  return kept;
}

/** Throws    unknown-label · invalid-option: no text */
function checkLabel(label: string, labels: readonly string[], newLabels: 'refused' | 'allowed'): void {
  if (typeof label !== 'string' || label === '') {
    throw new LimbeckError(
      'invalid-option',
      `The label was ${JSON.stringify(label) ?? 'left out'}; it must be a text.`,
      {
        details: { name: 'label' },
      },
    );
  }
  if (newLabels === 'allowed' || labels.includes(label)) return;
  throw new LimbeckError(
    'unknown-label',
    `The label "${label}" is none of the base's: ${labels.join(', ')}. Check its spelling, or open the profile with ` +
      "newLabels: 'allowed' to add classes.",
    { details: { label, labels } },
  );
}
