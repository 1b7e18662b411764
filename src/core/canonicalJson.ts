import { isTagged } from './tags.ts';

/** JSON that does not depend on the order of names. Undefined values are left out, and patterns become texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (isTagged(part, 'RegExp')) return { pattern: String(part) };
    if (ArrayBuffer.isView(part)) return Array.from(part as unknown as ArrayLike<number>);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
