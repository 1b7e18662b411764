/** Much deeper than any model, header or manifest; recursive code may go this deep. */
const MOST_DEPTH = 500;

/**
 * Parses JSON from elsewhere. `JSON.parse` reads any depth, and what then walks the value, such as `JSON.stringify` or
 * a copy to a worker, runs out of stack, so deeply nested values are refused.
 * Throws    SyntaxError: no JSON, or lists and objects in each other more than 500 deep · RangeError: much deeper, with a
 *           reviver, which is called from within
 */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  const value: unknown = JSON.parse(text, reviver);
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_DEPTH) throw new SyntaxError(`it is nested more than ${MOST_DEPTH} deep`);
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue;
      for (const inner of Object.values(one)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
  return value;
}
