/**
 * The path of a file that another file names, without a leading "./"; undefined if it leads out of the folder of the
 * file that names it. On every system it is read as names between slashes: addresses, drives, absolute paths,
 * backslashes, control characters and lone surrogates are refused. A "%2e" is three characters of a name, which are
 * encoded again in an address.
 */
export function innerPath(path: unknown): string | undefined {
  if (typeof path !== 'string') return undefined;
  const plain = path.replace(/^(\.\/)+/, '');
  const isInner =
    !/[\\:\p{Cc}\p{Cs}]/u.test(plain) && plain.split('/').every((part) => !['', '.', '..'].includes(part));
  return isInner ? plain : undefined;
}

/** The same of a file of weights. A model must not make the page ask elsewhere, least of all with what the caller's request carries. */
export function requireInnerPath(path: string): string {
  const inner = innerPath(path);
  if (inner !== undefined) return inner;
  throw new Error(
    `it keeps weights in ${JSON.stringify(path)}, which must be the path of a file in its folder, such as "weights.bin"`,
  );
}

/**
 * Finds which of the given names is meant by a path in another file: the one that equals the path, or its last part,
 * since files that a person picked have no folder. The last part counts only if no other of `all` files has it.
 */
export function givenNames(all: readonly string[], given: readonly string[]): (path: string) => string | undefined {
  const names = new Set(given);
  const endings = new Map<string, number>();
  for (const path of new Set(all)) endings.set(lastPart(path), (endings.get(lastPart(path)) ?? 0) + 1);
  return (path) => {
    const last = lastPart(path);
    const name = names.has(path) || endings.get(last) !== 1 ? path : last;
    return names.has(name) ? name : undefined;
  };
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
