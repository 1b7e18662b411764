/** Three digits say enough in a sentence. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

export function percent(fraction: number): string {
  return `${figure(100 * fraction)} %`;
}
