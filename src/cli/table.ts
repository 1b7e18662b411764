/** A column of a table: its heading, and whether it has numbers, which are aligned right. */
export interface Column {
  readonly heading: string;
  readonly isNumber?: boolean;
}

/** Rows under their headings. Each column is as wide as its widest entry; two spaces separate columns. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], indent = ''): string[] {
  const headings = columns.map(({ heading }) => heading);
  const hasHeadings = headings.some((one) => one !== '');
  const all = hasHeadings ? [headings, ...rows] : rows;
  const widths = columns.map((_, i) => all.reduce((most, row) => Math.max(most, (row[i] ?? '').length), 0));
  return all.map((row) => {
    const cells = columns.map(({ isNumber }, i) => {
      const cell = row[i] ?? '';
      return isNumber ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
    });
    return (indent + cells.join('  ')).trimEnd();
  });
}
