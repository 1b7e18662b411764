import type { SessionSettings } from '../session/sessionSettings.ts';
import type { ModelInput } from './modelInput.ts';

/** Whether this is a record from input name to description, whose values are objects, or one description. */
export function isByName(input: SessionSettings['input']): input is Readonly<Record<string, ModelInput>> {
  const values = Object.values(input ?? {});
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  return values.length > 0 && !('kind' in (input ?? {})) && values.every(isObject);
}

/** Names come from files, and "constructor" is one that every object seems to have. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
