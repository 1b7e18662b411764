import { canonicalJson } from '../core/canonicalJson.ts';
import { toHex } from '../core/hash.ts';
import { invalidOption } from '../core/options.ts';
import { type DeviceKey, isPublicKey, isSignedBy } from './deviceKey.ts';
import { rejected, type UpdateSignatures } from './update.ts';

/** What a device signs of an update: which, of which round, and that it is its own; `hash` is that of its bytes. */
type SignedUpdate = Parameters<UpdateSignatures['sign']>[0];

/** Whose signatures are known, and this device’s key. */
export interface SignaturesOptions {
  /** This device's key; only for signing. */
  readonly device?: DeviceKey;
  /** Public keys by the clients' names. It must come from elsewhere than the federation's server. */
  readonly roster: ReadonlyMap<string, string>;
}

const NONCE_BYTES = 16;
const FORM = /^([0-9a-f]{32})([0-9a-f]{128})$/;

/**
 * Signatures of devices on their updates, and a memory against replays: of each client it keeps the newest round and what was
 * accepted there. The same update may be checked again; after a restart, rounds are told apart by what the update's bytes name.
 * Throws    invalid-option: the roster holds something that is no public key, or nothing to sign with · update-invalid, with
 *           `details.why`: 'unsigned' or 'replayed'
 * Source    Ed25519: RFC 8032
 */
export function signatures({ device, roster }: SignaturesOptions): UpdateSignatures {
  for (const [client, key] of roster) {
    if (!isPublicKey(key)) throw invalidOption('roster', key, `a public key of 64 hexadecimal digits for "${client}"`);
  }
  /** By federation and client. */
  const newest = new Map<string, { readonly round: number; readonly hash: string; readonly nonce: string }>();
  return {
    async sign(update) {
      if (device === undefined) throw invalidOption('device', device, 'a key of this device, which deviceKey() makes');
      const nonce = toHex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
      return nonce + toHex(await device.sign(textOf(update, nonce)));
    },
    async check(update, signature) {
      const { federation, client, round, hash } = update;
      const key = roster.get(client);
      if (key === undefined) throw rejected('unsigned', client, 'the roster has no device of that name');
      const [, nonce, signed] = FORM.exec(signature ?? '') ?? [];
      const bytes = Uint8Array.from(signed?.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      if (nonce === undefined || !(await isSignedBy(key, textOf(update, nonce), bytes))) {
        throw rejected('unsigned', client, 'its device has not signed it');
      }
      const slot = `${federation}/${client}`;
      const known = newest.get(slot);
      if (known !== undefined && round < known.round)
        throw rejected('replayed', client, `it is of round ${round}, after one of ${known.round}`);
      const isSame = known?.round === round && known.hash === hash && known.nonce === nonce;
      if (known?.round === round && !isSame)
        throw rejected('replayed', client, `another one of round ${round} was accepted`);
      newest.set(slot, { round, hash, nonce });
    },
  };
}

function textOf({ federation, round, client, hash }: SignedUpdate, nonce: string): Uint8Array {
  return new TextEncoder().encode(canonicalJson({ what: 'limbeck update 1', federation, round, client, hash, nonce }));
}
