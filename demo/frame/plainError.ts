/** An error as plain values. */
export interface PlainError {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

export function errorOf(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, code } = error as Error & { code?: unknown };
  return { name, message, ...(typeof code === 'string' ? { code } : {}) };
}
