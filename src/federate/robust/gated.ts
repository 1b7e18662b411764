import { LimbeckError } from '../../core/errors.ts';
import { fraction, given, type OptionsOf, required, schema } from '../../core/schema.ts';
import { checkNotEmpty, isLabelled, type LabelledDataset } from '../../data/dataset.ts';
import { negativeLogLikelihood } from '../../train/metrics/negativeLogLikelihood.ts';
import { scoreOf } from '../accuracyOf.ts';
import { meanOf, type Part } from '../combine.ts';
import { withShared } from '../sharedWeights.ts';
import type { Device, Gathered, Place, Strategy } from '../strategy.ts';

const OPTIONS = schema('gated', {
  /** Labelled examples of nobody, on which updates are measured. Every client that may aggregate has the same. */
  examples: required(given<LabelledDataset>(checkExamples)),
  /** By how much an update may raise the mean's negative log-likelihood on them, as a fraction of it. Default 0.002. */
  tolerance: fraction(0.002),
});

/** What updates are measured on, and how strictly. */
export interface GatedOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A strategy with a gate: updates that make labels of public examples less likely are left out, and the round's record names
 * their clients. Updates are measured each by itself, and then taken into a mean from the best to the worst; one with which that
 * mean is worse than the best so far, by more than `tolerance`, stays outside. So several that are poisoned do not hide each other.
 * Whoever aggregates answers the examples twice for each update.
 * Shapes    weights of the student; the strategy aggregates those that are left
 * Units     fractions of the negative log-likelihood
 * Throws    invalid-option: the strategy sends no weights, or its clients end with different ones · labels-missing · empty-dataset
 * Source    Xie, Koyejo, Gupta 2019, "Zeno", §3, arXiv:1805.10032 (updates are ranked by what they do to a few examples)
 * Differs   a limit in place of a fixed number of updates, and no penalty for long ones
 */
export function gated(strategy: Strategy, options: GatedOptions): Strategy {
  const { examples, tolerance } = OPTIONS.read(options);
  if (strategy.kind !== 'weights' || strategy.isPersonal === true) {
    throw new LimbeckError(
      'invalid-option',
      `"gated" measures weights that all clients share, and ${strategy.name} has none. Take a strategy such as fedAvg().`,
    );
  }
  return {
    ...strategy,
    options: { ...strategy.options, gate: tolerance },
    async open(device) {
      const member = await strategy.open(device);
      return {
        ...member,
        takesMeans: false,
        async aggregate(gathered, place) {
          const { sound, rejected } = await sorted(gathered, place, device, { examples, tolerance });
          const combined = await member.aggregate({ ...gathered, parts: sound }, place);
          return { ...combined, rejected: [...rejected, ...combined.rejected] };
        },
      };
    },
  };
}

async function sorted(
  { parts }: Gathered,
  { signal }: Place,
  { trainer, artifacts }: Device,
  { examples, tolerance }: { readonly examples: LabelledDataset; readonly tolerance: number },
) {
  const measure = async (some: readonly Part[]) => {
    const shared = withShared(artifacts, meanOf(some), () => true);
    const loss = await scoreOf(negativeLogLikelihood, trainer, shared, examples, signal);
    // What overflows is as bad as can be.
    return Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss;
  };
  const alone: { readonly part: Part; readonly loss: number }[] = [];
  for (const part of parts) alone.push({ part, loss: await measure([part]) });
  alone.sort((a, b) => (a.loss < b.loss ? -1 : Number(a.loss > b.loss)));
  const taken: Part[] = [];
  let best = Number.POSITIVE_INFINITY;
  for (const { part, loss } of alone) {
    const reached = taken.length === 0 ? loss : await measure([...taken, part]);
    if (reached > best * (1 + tolerance)) continue;
    best = Math.min(best, reached);
    taken.push(part);
  }
  const what = 'it makes the labels of the public examples less likely';
  return {
    sound: parts.filter((part) => taken.includes(part)),
    rejected: parts
      .filter((part) => !taken.includes(part))
      .map(({ client }) => ({ client, why: 'outlier' as const, what })),
  };
}

function checkExamples(examples: LabelledDataset, name: string): void {
  if (typeof examples?.read !== 'function' || !isLabelled(examples)) {
    throw new LimbeckError('labels-missing', `"${name}" needs labels; give fromArrays(inputs, labels).`);
  }
  checkNotEmpty(examples, name);
}
