import { logAdd } from './logAdd.ts';

/** What a search found: the classes of a label, and how likely it is. */
export interface FoundLabel {
  readonly classes: readonly number[];
  /** In nats. */
  readonly logProb: number;
}

/** A label so far; labels that begin alike share their beginnings. */
interface Prefix {
  readonly parent: Prefix | undefined;
  /** The last class. */
  readonly last: number;
  readonly longer: Map<number, Prefix>;
}

/** How likely the paths of a prefix are that end in the blank, and those that do not. */
interface Scores {
  blank: number;
  character: number;
}

/**
 * Prefix beam search: sums the paths of each label, and keeps the `width` likeliest beginnings at each step. With a width
 * that keeps all, the label it gives is the likeliest, and its probability exact.
 * Shapes    logProbs of T steps from `offset` on, each with C classes
 * Source    Graves 2012, "Supervised Sequence Labelling with Recurrent Neural Networks", §7.5; Hannun et al. 2014,
 *           arXiv:1408.2873, algorithm 1 without a language model
 */
export function ctcBeam(
  logProbs: ArrayLike<number>,
  {
    offset,
    time,
    classes,
    blank,
    width,
  }: { offset: number; time: number; classes: number; blank: number; width: number },
): FoundLabel {
  let beam = new Map<Prefix, Scores>([
    [
      { parent: undefined, last: -1, longer: new Map() },
      { blank: 0, character: Number.NEGATIVE_INFINITY },
    ],
  ]);
  for (let step = 0; step < time; step++) {
    const from = offset + step * classes;
    const logProb = (of: number) => logProbs[from + of] as number;
    const next = new Map<Prefix, Scores>();
    const add = (prefix: Prefix, which: keyof Scores, amount: number) => {
      let scores = next.get(prefix);
      if (scores === undefined) {
        scores = { blank: Number.NEGATIVE_INFINITY, character: Number.NEGATIVE_INFINITY };
        next.set(prefix, scores);
      }
      scores[which] = logAdd(scores[which], amount);
    };
    // Of the longer labels of one prefix only as many can stay as the beam is wide, but for those that are in it already.
    const likely = likeliest(logProbs, from, classes, blank, width + 1);
    const held = new Map<Prefix, number[]>();
    for (const { parent, last } of beam.keys()) {
      if (parent !== undefined && beam.has(parent)) held.set(parent, [...(held.get(parent) ?? []), last]);
    }
    for (const [prefix, scores] of beam) {
      const all = logAdd(scores.blank, scores.character);
      add(prefix, 'blank', all + logProb(blank));
      if (prefix.last >= 0) add(prefix, 'character', scores.character + logProb(prefix.last));
      for (const character of new Set([...likely, ...(held.get(prefix) ?? [])])) {
        // After the same class only a path with a blank between makes the label longer.
        const before = character === prefix.last ? scores.blank : all;
        if (before > Number.NEGATIVE_INFINITY)
          add(longerBy(prefix, character), 'character', before + logProb(character));
      }
    }
    beam = new Map([...next].sort(([, a], [, b]) => totalOf(b) - totalOf(a)).slice(0, width));
  }
  const [best] = beam;
  return { classes: classesOf(best?.[0]), logProb: best === undefined ? Number.NEGATIVE_INFINITY : totalOf(best[1]) };
}

const totalOf = ({ blank, character }: Scores) => logAdd(blank, character);

/** The likeliest classes of a step but the blank, as many as asked for. */
function likeliest(logProbs: ArrayLike<number>, from: number, classes: number, blank: number, most: number): number[] {
  const all = Array.from({ length: classes }, (_, i) => i).filter((i) => i !== blank);
  if (all.length <= most) return all;
  return all.sort((a, b) => (logProbs[from + b] as number) - (logProbs[from + a] as number)).slice(0, most);
}

function longerBy(prefix: Prefix, character: number): Prefix {
  const known = prefix.longer.get(character);
  if (known !== undefined) return known;
  const made = { parent: prefix, last: character, longer: new Map() };
  prefix.longer.set(character, made);
  return made;
}

function classesOf(prefix: Prefix | undefined): number[] {
  const classes: number[] = [];
  for (let at = prefix; at?.parent !== undefined; at = at.parent) classes.push(at.last);
  return classes.reverse();
}
