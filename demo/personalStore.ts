import { destroyKey, encryptedStore, openStore, type Store, wipe } from 'limbeck';

/** Where the page keeps what a person teaches. */
export interface PersonalStore {
  readonly store: Store;
  /** A sentence for a person. */
  readonly about: string;
  readonly isEncrypted: boolean;
  close(): Promise<void>;
}

const NAME = 'limbeck-demo-personal';
const PLACES = {
  opfs: 'in files of this browser (OPFS)',
  disk: 'in a folder of this computer',
  indexeddb: 'in this browser’s IndexedDB',
  memory: 'in memory, and is lost on reload',
} as const;
/** If encryption is not available; other errors are no reason to continue unencrypted. */
const NO_KEY = ['crypto-unavailable', 'store-unavailable'];

/** Encrypted with a key of this device if the browser can; otherwise unencrypted, which the page says. */
export async function openPersonalStore(): Promise<PersonalStore> {
  const beneath = await openStore(NAME);
  const place = `What you teach is stored ${PLACES[beneath.kind]}`;
  try {
    const store = await encryptedStore(beneath, { key: 'device' });
    return {
      store,
      about: `${place}, encrypted with a key that cannot be read out of this browser.`,
      isEncrypted: true,
      async close() {
        await store[Symbol.asyncDispose]();
        await beneath[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (!NO_KEY.includes(code ?? '')) {
      await beneath[Symbol.asyncDispose]();
      throw error;
    }
    return {
      store: beneath,
      about: `${place}, not encrypted: ${message}`,
      isEncrypted: false,
      close: async () => beneath[Symbol.asyncDispose](),
    };
  }
}

/** Deletes everything that was ever taught here, readable or not, and the key. Close the store first. */
export async function wipePersonalStore(): Promise<void> {
  const beneath = await openStore(NAME);
  await wipe(beneath);
  await beneath[Symbol.asyncDispose]();
  // Without IndexedDB there never was a key.
  await destroyKey(NAME).catch(() => undefined);
}
