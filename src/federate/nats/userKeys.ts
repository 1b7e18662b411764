import { LimbeckError } from '../../core/errors.ts';

/** A new user of a NATS server: the seed is its secret. Source    nkeys: Ed25519, RFC 8032 */
export async function createUserKey(): Promise<{ readonly seed: string; readonly nkey: string }> {
  const { nkeys } = await import('@nats-io/nats-core');
  const pair = nkeys.createUser();
  return { seed: new TextDecoder().decode(pair.getSeed()), nkey: pair.getPublicKey() };
}

/** The public half of a user's seed. Throws    invalid-option: it is none */
export async function publicKeyOf(seed: unknown): Promise<string> {
  const { nkeys } = await import('@nats-io/nats-core');
  try {
    const nkey = nkeys.fromSeed(new TextEncoder().encode(String(seed))).getPublicKey();
    if (nkey.startsWith('U')) return nkey;
  } catch {
    // Told below, without the seed.
  }
  throw new LimbeckError(
    'invalid-option',
    'The seed of a user is damaged: it begins with "SU" and has 58 letters and digits.',
  );
}
