import { type Dataset, isLabelled } from '../../data/dataset.ts';
import { withoutLabels } from '../../data/views.ts';
import { faultText } from '../printable.ts';
import type { Progress } from '../progress.ts';
import type { ReadExamples } from './readExamples.ts';
import { renumbered } from './renumbered.ts';

/**
 * Classes are those of the teacher: by its names where its file has them, else in the order of the folders where there are as
 * many. What is neither would measure nonsense, so it is left out.
 */
export function withTeachersClasses(
  { data, names }: ReadExamples,
  {
    classes,
    known,
    progress,
  }: { classes: number | undefined; known: readonly string[] | undefined; progress: Progress },
): { readonly labelled: Dataset; readonly labels?: readonly string[] } {
  const fitting = known?.length === classes ? known : undefined;
  if (names === undefined || !isLabelled(data)) return { labelled: data, ...(fitting && { labels: fitting }) };
  if (fitting !== undefined && names.every((name) => fitting.includes(name))) {
    return {
      labelled: renumbered(
        data,
        names.map((name) => fitting.indexOf(name)),
      ),
      labels: fitting,
    };
  }
  if (fitting === undefined && names.length === classes) return { labelled: data, labels: names };
  const its = fitting?.slice(0, 5).join(', ') ?? `${classes ?? 'any number'}`;
  progress.say(
    faultText(
      `note: the classes of the examples (${names.slice(0, 5).join(', ')}) are not the teacher's (${its}), so only agreement with the teacher is measured.`,
    ).trimEnd(),
  );
  return { labelled: withoutLabels(data), ...(fitting && { labels: fitting }) };
}
