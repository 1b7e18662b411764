// A small report in the fragment of an address, which no server sees.
import { type BenchReport, parseReport } from 'limbeck';

/** Longer addresses are cut by mail programs and messengers. */
const MOST_LETTERS = 16_000;
/** What unpacks to more was made to do harm. */
const MOST_BYTES = 2e6;
const NAME = 'report';

/** An address of this page that holds the report, without its single passes; undefined if it is too long for one. */
export async function linkTo(report: BenchReport): Promise<string | undefined> {
  const small = { ...report, rows: report.rows.map((row) => ({ ...row, sampleMs: [] })) };
  const text = JSON.stringify(small, (_, value) =>
    typeof value === 'number' && !Number.isInteger(value) ? shortened(value) : value,
  );
  const packed = await through(new CompressionStream('deflate-raw'), new TextEncoder().encode(text));
  const fragment = btoa(String.fromCharCode(...packed))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
  if (fragment.length > MOST_LETTERS) return undefined;
  return `${location.origin}${location.pathname}#${NAME}=${fragment}`;
}

/** With four digits: no chart or comparison shows more. */
function shortened(value: number): number {
  const scale = 10 ** (3 - Math.floor(Math.log10(Math.abs(value))));
  return Math.round(value * scale) / scale;
}

/**
 * The report in this address, if it holds one.
 * Throws    what parsing a report throws: an address is anyone's
 */
export async function reportInAddress(): Promise<BenchReport | undefined> {
  const fragment = new URLSearchParams(location.hash.slice(1)).get(NAME);
  if (fragment === null) return undefined;
  if (fragment.length > MOST_LETTERS) throw new Error('The report in this address is too long.');
  const letters = fragment.replace(/-/g, '+').replace(/_/g, '/');
  let bytes: Uint8Array;
  try {
    bytes = await through(
      new DecompressionStream('deflate-raw'),
      Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0)),
    );
  } catch (cause) {
    throw new Error('The report in this address cannot be unpacked. It may have been cut on its way.', { cause });
  }
  return parseReport(new TextDecoder().decode(bytes));
}

async function through(
  pair: { readonly readable: ReadableStream; readonly writable: WritableStream },
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const writer = pair.writable.getWriter();
  // What fails here fails the reading too.
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => undefined);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = pair.readable.getReader(); ; ) {
    const { done, value } = (await reader.read()) as { readonly done: boolean; readonly value?: Uint8Array };
    if (done || value === undefined) break;
    length += value.length;
    if (length > MOST_BYTES) {
      await reader.cancel();
      throw new Error('It unpacks to more than a report can be.');
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
