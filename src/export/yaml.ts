/**
 * A record as block-style YAML with two spaces per level. Undefined and empty fields are left out. Texts are quoted as in JSON,
 * which YAML reads too, unless they can only be a text.
 */
export function yamlOf(record: Readonly<Record<string, unknown>>): string {
  return linesOf(record)
    .map((line) => `${line}\n`)
    .join('');
}

function linesOf(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record).flatMap(([key, value]) => {
    if (isEmpty(value)) return [];
    if (Array.isArray(value)) return [`${scalar(key)}:`, ...value.flatMap(itemLines)];
    if (typeof value === 'object') return [`${scalar(key)}:`, ...linesOf(value as Record<string, unknown>).map(indent)];
    return [`${scalar(key)}: ${scalar(value)}`];
  });
}

function itemLines(item: unknown): string[] {
  if (typeof item !== 'object' || item === null) return [`- ${scalar(item)}`];
  return linesOf(item as Record<string, unknown>).map((line, i) => (i === 0 ? `- ${line}` : indent(line)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.values(value).every((inner) => inner === undefined);
}

function indent(line: string): string {
  return `  ${line}`;
}

function scalar(value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  // Readers of YAML 1.1 read 1e-7 as a text.
  if (typeof value === 'number') return String(value).replace(/^(-?\d+)e/, '$1.0e');
  const text = String(value);
  // Words with another meaning in YAML, such as no, 1e3 or null, begin with a letter too.
  const isPlain = /^[A-Za-z][\w./-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i.test(text);
  // U+2028 and similar end a line in YAML; JSON does not escape them.
  return isPlain ? text : JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
