import { bytes, table } from './markdown.mjs';

/** What a page loads for what it imports. */
export function sizeTable({ entries }) {
  const rows = entries.map(({ name, gzipBytes, laterGzipBytes, ...one }) => [
    `\`${name}\``.replace(/^`([^`]*?)(, with.*)`$/, '`$1`$2'),
    bytes(gzipBytes),
    laterGzipBytes === undefined ? '' : bytes(laterGzipBytes),
    bytes(one.limit),
  ]);
  return table(['', 'at once', 'later, where it is used', 'limit'], rows);
}

/** The files that a bundler lays beside a page. */
export function assetsTable({ assets }) {
  return table(
    ['a page imports', 'files beside it'],
    assets.map(({ name, bytes: size }) => [
      name
        .split(', ')
        .map((one) => `\`${one}\``)
        .join(' and '),
      bytes(size),
    ]),
  );
}
