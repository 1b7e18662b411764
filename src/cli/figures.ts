export function bytesText(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${scaled(bytes)}B`;
}

export function countText(count: number): string {
  return count < 1000 ? String(count) : scaled(count);
}

/** A number of 1,000 or more with three digits and its prefix. */
function scaled(value: number): string {
  const [prefix, size] = (
    [
      ['T', 1e12],
      ['G', 1e9],
      ['M', 1e6],
      ['k', 1e3],
    ] as const
  ).find(([, one]) => value >= one) ?? ['', 1];
  return `${(value / size).toPrecision(value / size >= 999.5 ? 4 : 3)} ${prefix}`;
}
