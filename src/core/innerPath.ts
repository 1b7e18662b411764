/**
 * The path of a file that another file names, without a leading "./"; undefined where it would lead out of the folder of
 * the file that names it. It is read as names between slashes, on every system: what is an address, a drive or an
 * absolute path, and backslashes, control characters and halves of characters are refused. A "%2e" is three characters of
 * a name, and whoever makes an address of it encodes it again.
 */
export function innerPath(path: unknown): string | undefined {
  if (typeof path !== 'string') return undefined;
  const plain = path.replace(/^(\.\/)+/, '');
  const isInner =
    !/[\\:\p{Cc}\p{Cs}]/u.test(plain) && plain.split('/').every((part) => !['', '.', '..'].includes(part));
  return isInner ? plain : undefined;
}
