import { invalidOption } from '../../core/options.ts';
import { count, given, type OptionsOf, positive, type Read, required, schema } from '../../core/schema.ts';
import type { DeviceKey } from '../deviceKey.ts';
import { FEWEST_CLIENTS } from './secureRound.ts';

export const SECURE = schema(
  'secure',
  {
    /** This device's key, which the roster knows. */
    device: required(given<DeviceKey>()),
    /** Public keys by the clients' names. It must come from elsewhere than whoever aggregates. */
    roster: required(given<ReadonlyMap<string, string>>()),
    /** The largest magnitude of a change of one value; a larger one is an error of that client. All have the same. Default 8. */
    range: positive(8),
    /** A client with more examples counts for no more than this. All have the same. Default 1000. */
    mostWeight: positive(1000),
    /** A round has at least this many clients, 3 or more. Default 3. */
    fewest: count(FEWEST_CLIENTS)(FEWEST_CLIENTS),
  },
  'secure.',
);

/** How a federation adds updates up so that whoever aggregates sees none of them. */
export interface SecureOptions extends OptionsOf<typeof SECURE> {}

/** The same, with defaults. */
export type Secure = Read<typeof SECURE>;

/** Throws    invalid-option: the roster does not know this device under its name */
export function checkSecure({ device, roster }: Secure, client: string): void {
  if (typeof device?.sign === 'function' && roster?.get?.(client) === device.publicKey) return;
  throw invalidOption(
    'secure.roster',
    'without this client',
    `a map that holds the public key of "device" for "${client}"`,
  );
}
