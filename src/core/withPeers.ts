import { LimbeckError, messageOf } from './errors.ts';
import { VERSIONS } from './versions.ts';

/**
 * Loads code that runs tfjs on this thread, and tells which package is missing: bundlers say so themselves, browsers and Node only
 * that a name leads nowhere.
 * Throws    backend-unavailable: a peer of limbeck is not installed here
 */
export async function withPeers<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const [name] = /@tensorflow\/tfjs-[a-z-]+/.exec(messageOf(error)) ?? [];
    if (name === undefined || error instanceof LimbeckError) throw error;
    throw new LimbeckError(
      'backend-unavailable',
      `This runs tfjs on this thread, and ${name} is not to be found here (${messageOf(error)}). Install it, npm install ` +
        `${name}@${VERSIONS.tfjs}; without a bundler, name it in an import map. limbeck's own worker needs neither: leave "worker" out.`,
      { details: { package: name }, cause: error },
    );
  }
}
