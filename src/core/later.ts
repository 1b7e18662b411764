import { LimbeckError, messageOf } from './errors.ts';

/**
 * A part of the package that begins to load and is awaited later; a failure is told to whoever awaits it.
 * Throws    backend-unavailable: its file cannot be fetched
 */
export function later<T>(loading: Promise<T>): Promise<T> {
  const part = loading.catch((error: unknown): never => {
    throw new LimbeckError(
      'backend-unavailable',
      `A part of limbeck could not be loaded (${messageOf(error)}). If the page was replaced on its server since it was ` +
        'opened, load it again; to work offline, keep all scripts of the page.',
      { cause: error },
    );
  });
  part.catch(() => undefined);
  return part;
}
