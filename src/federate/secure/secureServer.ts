import { LimbeckError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { yieldToEvents } from '../../core/yield.ts';
import { isSignedBy } from '../deviceKey.ts';
import { agree, isSoundKey, KEY_BYTES, keyPair, maskOf } from './agreement.ts';
import { addWords } from './fixedPoint.ts';
import {
  type Advert,
  advertText,
  byClient,
  type Confirmation,
  checkEnough,
  FEWEST_CLIENTS,
  fromHex,
  isAdvert,
  isSignature,
  purposes,
  type RevealedShare,
  type SealedShares,
  type SecureRound,
  survivorsText,
  thresholdOf,
} from './secureRound.ts';
import { joinShares, type Share } from './shamir.ts';

/** A sum of words modulo 2³², and of whose. */
export interface SecureSum {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly clients: readonly string[];
}

/**
 * Whoever adds up one round; it holds no secret. Each step takes what the clients that are still there have sent and gives what
 * to send them next. What one client sends wrong leaves that client out, and is named in `rejected`.
 * Throws    too-few-clients · aggregation-failed: the shares do not fit together
 */
export interface SecureServer {
  /** 1. Keys in, keys for everybody out. */
  adverts(given: readonly Advert[]): Promise<readonly Advert[]>;
  /** 2. Sealed shares in, those for each client out. */
  shares(given: ReadonlyMap<string, readonly SealedShares[]>): ReadonlyMap<string, readonly SealedShares[]>;
  /** 3. Masked words in, survivors for everybody out. */
  masked(given: ReadonlyMap<string, Uint32Array>): readonly string[];
  /** 4. Signatures in, the same for everybody out. */
  confirmations(given: readonly Confirmation[]): Promise<readonly Confirmation[]>;
  /** 5. Shares in, the sum out. */
  unmask(given: ReadonlyMap<string, readonly RevealedShare[]>): Promise<SecureSum>;
  /** Clients that sent something wrong, and what. */
  readonly rejected: readonly { readonly client: string; readonly what: string }[];
}

/** The server's part in a round of secure aggregation; see `secureClient`. */
export function secureServer({ session, roster, length, fewest = FEWEST_CLIENTS }: SecureRound): SecureServer {
  const rejected: { client: string; what: string }[] = [];
  let adverts: readonly Advert[] = [];
  /** Those whose shares arrived; pairs of them have masked with each other. */
  let sharing: readonly string[] = [];
  const words = new Map<string, Uint32Array>();
  let survivors: readonly string[] = [];
  const threshold = () => thresholdOf(adverts.length);
  const reject = (client: string, what: string) => void rejected.push({ client, what });
  const advertOf = (client: string) => adverts.find((advert) => advert.client === client) as Advert;

  return {
    rejected,

    async adverts(given) {
      const sound: Advert[] = [];
      for (const advert of given) {
        const isSound = isAdvert(advert) && isSoundKey(advert.channel) && isSoundKey(advert.pairs);
        const key = isSound ? roster.get(advert.client) : undefined;
        const isRepeated = sound.some(({ client }) => client === advert.client);
        if (key === undefined || isRepeated) reject(String(advert?.client), 'its keys are malformed, or came twice');
        else if (await isSignedBy(key, advertText(session, advert), fromHex(advert.signature))) sound.push(advert);
        else reject(advert.client, 'its keys are not signed by its device');
      }
      adverts = byClient(sound);
      checkEnough(adverts.length, Math.max(fewest, FEWEST_CLIENTS), 'after the keys');
      return adverts;
    },

    shares(given) {
      const sound = adverts.filter(({ client }) => {
        const own = given.get(client);
        const to = new Set(own?.map((one) => one.to));
        const isSound =
          own?.length === adverts.length - 1 &&
          own.every(({ from }) => from === client) &&
          adverts.every((other) => other.client === client || to.has(other.client));
        if (own !== undefined && !isSound) reject(client, 'its shares are not one for each other client');
        return isSound;
      });
      sharing = sound.map(({ client }) => client);
      checkEnough(sharing.length, threshold(), 'after the shares');
      const all = sharing.flatMap((client) => given.get(client) ?? []);
      return new Map(sharing.map((client) => [client, all.filter(({ to }) => to === client)]));
    },

    masked(given) {
      for (const client of sharing) {
        const own = given.get(client);
        if (own?.length === length) words.set(client, own);
        else if (own !== undefined) reject(client, `its update has ${own.length} words, not ${length}`);
      }
      survivors = [...words.keys()].sort();
      checkEnough(survivors.length, threshold(), 'after the masked updates');
      return survivors;
    },

    async confirmations(given) {
      const text = survivorsText(session, adverts, survivors);
      const sound: Confirmation[] = [];
      for (const one of given) {
        const key = survivors.includes(one.client) && isSignature(one.signature) ? roster.get(one.client) : undefined;
        const isRepeated = sound.some(({ client }) => client === one.client);
        if (key !== undefined && !isRepeated && (await isSignedBy(key, text, fromHex(one.signature)))) sound.push(one);
        else reject(one.client, 'its confirmation is not signed by its device, or came twice');
      }
      checkEnough(sound.length, threshold(), 'after the confirmations');
      return byClient(sound);
    },

    async unmask(given) {
      const answers = byClient([...given].map(([client, shares]) => ({ client, shares }))).filter(({ client }) =>
        survivors.includes(client),
      );
      checkEnough(answers.length, threshold(), 'to unmask the sum');
      const sum = new Uint32Array(length);
      for (const own of words.values()) addWords(sum, own);
      const secretOf = (about: string) => joined(about, answers, adverts, threshold());
      for (const client of survivors) {
        await yieldToEvents();
        const key = await secretOf(client);
        if ((await sha256(key)) !== advertOf(client).commitment) throw unfit(client);
        addWords(sum, maskOf(key, length), -1);
      }
      for (const client of sharing.filter((one) => !survivors.includes(one))) {
        const secret = await secretOf(client);
        if (keyPair(secret).public !== advertOf(client).pairs) throw unfit(client);
        for (const other of survivors) {
          await yieldToEvents();
          const pair = maskOf(await agree(secret, advertOf(other).pairs, purposes.mask(session)), length);
          // The survivor has added it if its name comes first, and taken it away otherwise.
          addWords(sum, pair, other < client ? -1 : 1);
        }
      }
      return { words: sum, clients: survivors };
    },
  };
}

/** A secret of a client, from the shares of the first clients that hold one. */
async function joined(
  about: string,
  answers: readonly { readonly client: string; readonly shares: readonly RevealedShare[] }[],
  adverts: readonly Advert[],
  threshold: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const shares: Share[] = [];
  for (const { client, shares: own } of answers) {
    const share = own.find((one) => one.about === about)?.share;
    const at = adverts.findIndex((advert) => advert.client === client) + 1;
    if (share?.length === KEY_BYTES && shares.length < threshold) shares.push({ at, bytes: share });
  }
  checkEnough(shares.length, threshold, `that hold a share about "${about}"`);
  return joinShares(shares);
}

function unfit(client: string): LimbeckError {
  return new LimbeckError(
    'aggregation-failed',
    `The shares of the secret of "${client}" do not fit together: it has sent wrong ones, or somebody else has. The sum cannot be ` +
      'unmasked, and nothing was revealed; begin another round, without this client if it happens again.',
    { details: { client } },
  );
}
