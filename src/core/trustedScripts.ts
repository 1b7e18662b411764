import { isTagged } from './tags.ts';

/** The name that a page with `require-trusted-types-for 'script'` allows: `trusted-types limbeck`. */
const POLICY_NAME = 'limbeck';

/** As much of Trusted Types as is used; engines that have none take plain addresses. */
interface TrustedTypes {
  createPolicy(name: string, rules: object): { createScriptURL(url: string): object };
}

let createScriptUrl: ((url: string) => object | string) | undefined;

/**
 * The address of a script as `new Worker` takes it under Trusted Types: vouched for by the one policy that limbeck makes
 * on this thread, when it first needs it. Only for addresses of the package's own files: beside the code, in the
 * caller's `assetBase`, or a blob of such a file.
 * Source    https://www.w3.org/TR/trusted-types/
 */
export function trustedScript(url: string): string {
  createScriptUrl ??= makePolicy();
  // The constructors take such an object for an address; their types do not know it yet.
  return createScriptUrl(url) as string;
}

function makePolicy(): (url: string) => object | string {
  const types = trustedTypesHere();
  const asIs = (url: string) => url;
  try {
    const policy = types?.createPolicy(POLICY_NAME, { createScriptURL: asIs });
    return policy === undefined ? asIs : (url) => policy.createScriptURL(url);
  } catch {
    // The page allows other policies only: whoever starts the worker hears so from the engine.
    return asIs;
  }
}

function trustedTypesHere(): TrustedTypes | undefined {
  return (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
}

/** Which addresses are vouched for at the moment, by whoever waits for workers that others make. */
const rules = new Set<(url: string) => boolean>();

/**
 * Vouches for workers that `make` starts, or starts until its promise settles, from addresses that are limbeck's own.
 * For code that cannot hand its address over: a library's, and the one literal form of `new Worker` that bundlers know.
 */
export function vouchingFor<T>(isOwn: (url: string) => boolean, make: () => T): T {
  if (trustedTypesHere() === undefined || typeof Worker === 'undefined') return make();
  const putBack = replaceWorker(isOwn);
  let isPending = false;
  try {
    const made = make();
    if (!isTagged(made, 'Promise')) return made;
    isPending = true;
    return made.finally(putBack) as T;
  } finally {
    if (!isPending) putBack();
  }
}

let native: typeof Worker | undefined;

function replaceWorker(isOwn: (url: string) => boolean): () => void {
  const original = native ?? Worker;
  native = original;
  rules.add(isOwn);
  globalThis.Worker = new Proxy(original, {
    construct(target, [script, ...options], newTarget) {
      // Read once: an object may answer differently the next time.
      const url = String(script);
      const isKnown = [...rules].some((rule) => rule(url));
      return Reflect.construct(target, [isKnown ? trustedScript(url) : script, ...options], newTarget);
    },
  });
  return () => {
    rules.delete(isOwn);
    if (rules.size > 0) return;
    globalThis.Worker = original;
    native = undefined;
  };
}
