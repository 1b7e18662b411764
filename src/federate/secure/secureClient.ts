import { sha256 } from '../../core/hash.ts';
import { invalidOption } from '../../core/options.ts';
import { yieldToEvents } from '../../core/yield.ts';
import { type DeviceKey, isSignedBy } from '../deviceKey.ts';
import { agree, isSoundKey, KEY_BYTES, type KeyPair, keyPair, maskOf, seal, unseal } from './agreement.ts';
import { addWords } from './fixedPoint.ts';
import {
  type Advert,
  advertText,
  byClient,
  type Confirmation,
  checkEnough,
  FEWEST_CLIENTS,
  fromHex,
  hex,
  isAdvert,
  purposes,
  type RevealedShare,
  refusal,
  type SealedShares,
  type SecureRound,
  survivorsText,
  thresholdOf,
} from './secureRound.ts';
import { splitSecret } from './shamir.ts';

/**
 * One client of one round. Each step is taken once, in this order; whatever goes wrong, the client answers no more, and its
 * update stays hidden.
 * Throws    aggregation-refused: the server's message could expose somebody, or comes out of turn · too-few-clients
 */
export interface SecureClient {
  /** 1. Its keys of this round. */
  advertise(): Promise<Advert>;
  /** 2. Shares of its secrets for all others, from everybody's keys. */
  shareSecrets(adverts: readonly Advert[]): Promise<SealedShares[]>;
  /** 3. The words under masks, from the shares that others have sent to this client. */
  mask(words: Uint32Array, shares: readonly SealedShares[]): Promise<Uint32Array<ArrayBuffer>>;
  /** 4. Its signature that it was told these survivors: those whose masked words arrived. */
  confirm(survivors: readonly string[]): Promise<Confirmation>;
  /** 5. One share about each client, from the signatures of the others on the same survivors. */
  reveal(confirmations: readonly Confirmation[]): Promise<RevealedShare[]>;
}

type Step = keyof SecureClient;
const STEPS: readonly Step[] = ['advertise', 'shareSecrets', 'mask', 'confirm', 'reveal'];

/** Secrets of another client, of which this one holds a share. */
interface Held {
  readonly pairs: Uint8Array;
  readonly own: Uint8Array;
}

/**
 * A device's part in a round of secure aggregation: the server learns the sum of the clients' words modulo 2³² and nothing else
 * about them, even if it lies, as long as fewer than a third of the clients work with it. Up to a third may vanish.
 * Throws    invalid-option: the device is not in the roster
 * Source    Bonawitz et al. 2017, "Practical Secure Aggregation for Privacy-Preserving Machine Learning", figure 4
 * Differs   adverts commit to the key of the own mask, so that wrong shares are noticed; what is signed of the survivors holds
 *           everybody's keys; shares are over the field of 2¹⁶ elements
 */
export function secureClient(
  { session, roster, length, fewest = FEWEST_CLIENTS }: SecureRound,
  client: string,
  device: DeviceKey,
): SecureClient {
  if (roster.get(client) !== device.publicKey) {
    throw invalidOption('client', client, 'in the roster, with the public key of this device');
  }
  const channel = keyPair();
  const pairs = keyPair();
  const ownMask = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  let adverts: readonly Advert[] = [];
  let survivors: readonly string[] = [];
  const held = new Map<string, Held>();
  /** Those whose shares arrived: the masks of pairs are theirs. */
  let masked: readonly string[] = [];
  const threshold = () => thresholdOf(adverts.length);

  /** Takes the next step, once; a step that fails is the last. */
  let next = 0;
  async function step<T>(name: Step, work: () => Promise<T>): Promise<T> {
    if (STEPS[next] !== name) throw refusal(`it was asked to ${name} out of turn`);
    const after = next + 1;
    next = STEPS.length;
    const result = await work();
    next = after;
    return result;
  }

  return {
    advertise: () =>
      step('advertise', async () => {
        const keys = { client, channel: channel.public, pairs: pairs.public, commitment: await sha256(ownMask) };
        return { ...keys, signature: hex(await device.sign(advertText(session, keys))) };
      }),

    shareSecrets: (given) =>
      step('shareSecrets', async () => {
        adverts = await checkedAdverts(given, { session, roster }, { client, channel, pairs });
        checkEnough(adverts.length, Math.max(fewest, FEWEST_CLIENTS), 'after the keys');
        const shares = [pairs.secret, ownMask].map((secret) => splitSecret(secret, threshold(), adverts.length));
        const sealed: SealedShares[] = [];
        for (const [i, to] of adverts.entries()) {
          const [ofPairs, ofOwn] = shares.map((all) => all[i]?.bytes as Uint8Array) as [Uint8Array, Uint8Array];
          if (to.client === client) held.set(client, { pairs: ofPairs, own: ofOwn });
          else {
            const key = await agree(channel.secret, to.channel, purposes.shares(session, client, to.client));
            sealed.push({ from: client, to: to.client, sealed: seal(key, Uint8Array.of(...ofPairs, ...ofOwn)) });
          }
        }
        return sealed;
      }),

    mask: (words, shares) =>
      step('mask', async () => {
        if (words.length !== length) throw invalidOption('words', `${words.length} long`, `${length} long`);
        const senders = [...new Set(shares.map(({ from }) => from))];
        const others = adverts.filter((advert) => advert.client !== client && senders.includes(advert.client));
        if (
          senders.length < shares.length ||
          others.length < senders.length ||
          shares.some(({ to }) => to !== client)
        ) {
          throw refusal('shares came twice, from unknown clients, or for another one');
        }
        masked = byClient([...others, { client }]).map((one) => one.client);
        checkEnough(masked.length, threshold(), 'after the shares');
        const out = new Uint32Array(words);
        addWords(out, maskOf(ownMask, length));
        for (const other of others) {
          await yieldToEvents();
          const { sealed } = shares.find(({ from }) => from === other.client) as SealedShares;
          const key = await agree(channel.secret, other.channel, purposes.shares(session, other.client, client));
          const opened = unseal(key, sealed);
          // Who sends no readable shares only makes itself harder to unmask: enough others hold some.
          if (opened?.length === 2 * KEY_BYTES) {
            held.set(other.client, { pairs: opened.slice(0, KEY_BYTES), own: opened.slice(KEY_BYTES) });
          }
          const pair = maskOf(await agree(pairs.secret, other.pairs, purposes.mask(session)), length);
          addWords(out, pair, client < other.client ? 1 : -1);
        }
        return out;
      }),

    confirm: (given) =>
      step('confirm', async () => {
        survivors = [...given].sort();
        const isKnown = survivors.every((name, i) => masked.includes(name) && name !== survivors[i - 1]);
        if (!isKnown || !survivors.includes(client))
          throw refusal('the list of survivors names others than those that took part');
        checkEnough(survivors.length, threshold(), 'after the masked updates');
        return { client, signature: hex(await device.sign(survivorsText(session, adverts, survivors))) };
      }),

    reveal: (confirmations) =>
      step('reveal', async () => {
        const signed = new Set(confirmations.map((one) => one.client));
        if (signed.size < confirmations.length) throw refusal('a confirmation came twice');
        checkEnough(signed.size, threshold(), 'after the confirmations');
        const text = survivorsText(session, adverts, survivors);
        for (const { client: signer, signature } of confirmations) {
          const key = survivors.includes(signer) ? roster.get(signer) : undefined;
          if (key === undefined || !(await isSignedBy(key, text, fromHex(signature)))) {
            throw refusal(`"${signer}" was told of other survivors, or of other keys`);
          }
        }
        // About each client one of two: with both, its update could be unmasked.
        return masked.flatMap((about) => {
          const share = held.get(about)?.[survivors.includes(about) ? 'own' : 'pairs'];
          return share === undefined ? [] : [{ about, share }];
        });
      }),
  };
}

/** Everybody's keys, in order, if all are signed by devices of the roster and this client's are its own. */
async function checkedAdverts(
  given: readonly Advert[],
  { session, roster }: Pick<SecureRound, 'session' | 'roster'>,
  own: { readonly client: string; readonly channel: KeyPair; readonly pairs: KeyPair },
): Promise<readonly Advert[]> {
  if (!given.every(isAdvert)) throw refusal('the keys of a client are malformed');
  const adverts = byClient(given);
  const keys = adverts.flatMap(({ channel, pairs }) => [channel, pairs]);
  if (new Set(adverts.map(({ client }) => client)).size < adverts.length || new Set(keys).size < keys.length) {
    throw refusal('a client or a key came twice');
  }
  if (!keys.every(isSoundKey)) throw refusal('a key would hide nothing');
  const mine = adverts.find(({ client }) => client === own.client);
  if (mine?.channel !== own.channel.public || mine.pairs !== own.pairs.public)
    throw refusal('its own keys were left out or changed');
  for (const advert of adverts) {
    const key = roster.get(advert.client);
    if (key === undefined) throw refusal(`"${advert.client}" is no device of the roster`);
    if (!(await isSignedBy(key, advertText(session, advert), fromHex(advert.signature)))) {
      throw refusal(`the keys of "${advert.client}" are not signed by its device`);
    }
  }
  return adverts;
}
