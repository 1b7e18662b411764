import type { KeptExample, ProfileContents, ProfileVersion } from '../profile.ts';
import type { Archive } from '../storage/archive.ts';
import type { StoredVersion } from '../storage/versions.ts';

/** What is told of a version, or of the base where there is none. */
export function toldVersion(version: StoredVersion | undefined, labels: readonly string[]): ProfileVersion {
  if (version === undefined) return { number: 0, timeMs: 0, examples: [], classes: labels, report: {}, bytes: 0 };
  const { number, timeMs, examples, classes, report, bytes, privacy } = version;
  return { number, timeMs, examples, classes, report, bytes, ...(privacy && { privacy }) };
}

export async function toldExamples({ journal, read }: Archive): Promise<KeptExample[]> {
  const entries = await journal.entries((await read()).examples);
  return entries.map(({ id, label, timeMs, bytes }) => ({ id, label, timeMs, bytes }));
}

export async function toldContents({ binding, journal, ledger, answers, read }: Archive): Promise<ProfileContents> {
  const state = await read();
  const entries = await journal.entries(state.examples);
  const [answerBytes, privacy] = await Promise.all([answers.bytes(state.answers), ledger.total(state)]);
  return {
    keeps: binding.keeps,
    examples: entries.length,
    exampleBytes: bytesOf(entries),
    versions: state.versions.length,
    versionBytes: bytesOf(state.versions),
    answerBytes,
    ...(privacy && { privacy }),
  };
}

function bytesOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
