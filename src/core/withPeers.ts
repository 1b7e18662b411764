import { LimbeckError, messageOf } from './errors.ts';
import { VERSIONS } from './versions.ts';

/** What Chromium, Firefox and Safari say where CommonJS is served as a module. */
const AS_IT_LIES = /an export named|binding name/;

/**
 * Loads code that runs tfjs on this thread, and tells which package is missing: bundlers say so themselves, browsers and Node only
 * that a name leads nowhere.
 * Throws    backend-unavailable: a peer of limbeck is not installed here
 */
export async function withPeers<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const said = messageOf(error);
    const [name] = /@tensorflow\/tfjs-[a-z-]+/.exec(said) ?? [];
    if (name === undefined || error instanceof LimbeckError) throw error;
    throw new LimbeckError(
      'backend-unavailable',
      `This runs tfjs on this thread, and ${name} cannot be loaded here (${said}). ` +
        (AS_IT_LIES.test(said)
          ? "Vite's development server needs all four of tfjs's packages in optimizeDeps.include."
          : `Install it, npm install ${name}@${VERSIONS.tfjs}; without a bundler, name it in an import map.`) +
        ` limbeck's own worker needs no such thing: leave "worker" out.`,
      { details: { package: name }, cause: error },
    );
  }
}
