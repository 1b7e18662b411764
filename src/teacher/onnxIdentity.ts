import { canonicalJson } from '../core/canonicalJson.ts';
import { sha256 } from '../core/hash.ts';
import type { LoadTeacherOptions } from './onnxOptions.ts';

/**
 * What tells a teacher from every other that may answer differently: its files, and how it is fed, tapped and read.
 * Undefined where it is read by a function of the page, of which nothing is known.
 */
export async function identityOf(
  modelHash: string,
  options: LoadTeacherOptions,
  fromProbs: readonly string[] = [],
): Promise<string | undefined> {
  const { input, taps, untilTaps, recurrent, read, outputs } = options;
  if (read !== undefined && read.spec === undefined) return undefined;
  const logsOf = fromProbs.length > 0 ? fromProbs : undefined;
  const whole = { model: modelHash, input, taps, untilTaps, recurrent, read: read?.spec, outputs, logsOf };
  return sha256(new TextEncoder().encode(canonicalJson(whole)));
}
