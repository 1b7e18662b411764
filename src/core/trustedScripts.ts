import { watchingWorkers } from './watchedWorkers.ts';

/** The name that a page with `require-trusted-types-for 'script'` allows: `trusted-types limbeck`. */
const POLICY_NAME = 'limbeck';

/** The part of Trusted Types that is used here; engines without it take plain addresses. */
interface TrustedTypes {
  createPolicy(name: string, rules: object): { createScriptURL(url: string): object };
}

let createScriptUrl: ((url: string) => object | string) | undefined;

/**
 * The address of a script as `new Worker` takes it under Trusted Types: approved by the one policy that limbeck creates
 * on this thread when it first needs it. Only for addresses of the package's own files: next to the code, in the
 * caller's `assetBase`, or a blob of such a file.
 * Source    https://www.w3.org/TR/trusted-types/
 */
export function trustedScript(url: string): string {
  createScriptUrl ??= makePolicy();
  // The constructors accept such an object; their types do not say so yet.
  return createScriptUrl(url) as string;
}

function makePolicy(): (url: string) => object | string {
  const types = trustedTypesHere();
  const asIs = (url: string) => url;
  try {
    const policy = types?.createPolicy(POLICY_NAME, { createScriptURL: asIs });
    return policy === undefined ? asIs : (url) => policy.createScriptURL(url);
  } catch {
    // The page allows only other policies; the engine reports it when the worker starts.
    return asIs;
  }
}

function trustedTypesHere(): TrustedTypes | undefined {
  return (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
}

/**
 * Approves workers that `make` starts, until its promise settles, from limbeck's own addresses. For code that cannot
 * pass its address on: a library's, and the one literal form of `new Worker` that bundlers know.
 */
export function vouchingFor<T>(isOwn: (url: string) => boolean, make: () => T): T {
  if (trustedTypesHere() === undefined) return make();
  return watchingWorkers({ scriptOf: (url) => (isOwn(url) ? trustedScript(url) : undefined) }, make);
}
