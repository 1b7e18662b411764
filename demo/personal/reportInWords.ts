import type { PersonalizeReport } from 'limbeck';
import { countOf, duration } from '../format.ts';

/** A version's report as a sentence. */
export function reportInWords(report: Partial<PersonalizeReport>): string {
  const { method, fallback, verdict, timeMs, examples } = report;
  const how =
    method && `${method.name}, ${duration(timeMs?.total)}, from ${countOf(examples?.learned ?? 0, 'example')}`;
  const kept = examples?.replayed ? ` and ${countOf(examples.replayed, 'former answer')}` : '';
  return [how && `${how}${kept}.`, verdict?.why, fallback].filter(Boolean).join(' ');
}
