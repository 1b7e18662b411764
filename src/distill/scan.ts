import { takeTurns } from '../core/turns.ts';
import type { Dataset, Examples } from '../data/dataset.ts';
import { batches } from '../data/views.ts';

const SCAN_BATCH = 64;

/**
 * Reads every example once and looks at it, so that bad data is found before anything costly is done.
 * Throws    what `look` and the dataset throw · AbortError
 */
export async function scan(
  dataset: Dataset,
  look: (examples: Examples, firstIndex: number) => void,
  onScanned: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const turn = takeTurns(signal);
  let at = 0;
  for await (const { indices, examples } of batches(dataset, SCAN_BATCH, { signal })) {
    await turn();
    look(examples, at);
    at += indices.length;
    onScanned(at);
  }
}
