/** What a command may touch of the machine. */
export interface Console {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Makes the folders that lead to it. */
  readonly writeFile: (path: string, data: Uint8Array | string) => Promise<void>;
  /** The folder of the package's .wasm files. Default: beside the code. */
  readonly assetBase?: string;
  /** Whether a person reads along, so that letters may be bold. */
  readonly isTerminal: boolean;
}

/** The terminal, or the pipe, that the process was started with. */
export async function openConsole(): Promise<Console> {
  const { mkdir, readFile, writeFile } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  // Who reads only the first lines closes the pipe; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    write: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
    // A Buffer is a Uint8Array whose slices are views; bytes are handed on as everywhere else.
    readFile: async (path) => new Uint8Array(await readFile(path)),
    writeFile: async (path, data) => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, data);
    },
    isTerminal: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  };
}
