/** What a command may touch of the machine. */
export interface Console {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Whether a person reads along, so that letters may be bold. */
  readonly isTerminal: boolean;
}

/** The terminal, or the pipe, that the process was started with. */
export async function openConsole(): Promise<Console> {
  const { readFile } = await import('node:fs/promises');
  // Who reads only the first lines closes the pipe; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    write: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
    readFile,
    isTerminal: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  };
}
