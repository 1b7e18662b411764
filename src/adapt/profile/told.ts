import type { JournalEntry } from './journal.ts';
import type { PrivacyTotal } from './privacy.ts';
import type { Keeps, KeptExample, ProfileContents, ProfileVersion } from './profile.ts';
import type { StoredVersion } from './versions.ts';

/** What is told of a version, or of the base where there is none. */
export function toldVersion(version: StoredVersion | undefined, labels: readonly string[]): ProfileVersion {
  if (version === undefined) return { number: 0, timeMs: 0, examples: [], classes: labels, report: {}, bytes: 0 };
  const { number, timeMs, examples, classes, report, bytes, privacy } = version;
  return { number, timeMs, examples, classes, report, bytes, ...(privacy && { privacy }) };
}

export function toldExample({ id, label, timeMs, bytes }: JournalEntry): KeptExample {
  return { id, label, timeMs, bytes };
}

export function contentsOf(
  keeps: Keeps,
  entries: readonly JournalEntry[],
  versions: readonly StoredVersion[],
  { answerBytes, privacy }: { readonly answerBytes: number; readonly privacy: PrivacyTotal | undefined },
): ProfileContents {
  return {
    keeps,
    examples: entries.length,
    exampleBytes: bytesOf(entries),
    versions: versions.length,
    versionBytes: bytesOf(versions),
    answerBytes,
    ...(privacy && { privacy }),
  };
}

function bytesOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
