import { bytes as bytesText } from '../core/figures.ts';
import type { Console } from './openConsole.ts';

/** A file that a command wrote. */
export interface Written {
  readonly path: string;
  readonly bytes: number;
}

/** Writes files by path, one after the other. */
export async function writeFiles(
  files: Readonly<Record<string, Uint8Array | string>>,
  console: Console,
  options?: { readonly isSecret?: boolean },
): Promise<Written[]> {
  const written: Written[] = [];
  for (const [path, data] of Object.entries(files)) {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    await console.writeFile(path, bytes, options);
    written.push({ path, bytes: bytes.length });
  }
  return written;
}

export function writtenText(written: readonly Written[]): string {
  return written.map(({ path, bytes }) => `written  ${path}, ${bytesText(bytes)}\n`).join('');
}
