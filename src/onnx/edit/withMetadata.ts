import type { OnnxPair } from '../model.ts';
import { make } from '../proto.ts';

/** A file's metadata with these pairs, which take the place of others of their names; undefined takes one away. */
export function withMetadata(
  pairs: readonly OnnxPair[],
  given: Readonly<Record<string, string | undefined>>,
): OnnxPair[] {
  const kept = pairs.filter(({ key }) => !Object.hasOwn(given, key));
  const own = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
  return [...kept, ...own.map((pair) => make('StringStringEntryProto', pair) as OnnxPair)];
}
