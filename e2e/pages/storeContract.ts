import { encryptedStore } from '../../src/storage/encrypted.ts';
import { type OpenStoreOptions, openStore } from '../../src/storage/openStore.ts';
import { storeContract } from '../../src/storage/storeContract.ts';

/** Runs the contract of all stores on one kind, in this page, encrypted or not; gives the failures as sentences. */
export async function runContract(kind: 'opfs' | 'indexeddb' | 'memory', how: 'plain' | 'encrypted' = 'plain') {
  const results: { name: string; failure?: string }[] = [];
  for (const [index, check] of storeContract.entries()) {
    if (!check.kinds.includes(kind)) continue;
    const options: OpenStoreOptions = { kind };
    const open = async () => {
      const store = await openStore(`contract-${how}-${kind}-${index}`, options);
      return how === 'plain' ? store : encryptedStore(store, { key: 'device' });
    };
    try {
      await check.run(open);
      results.push({ name: check.name });
    } catch (error) {
      results.push({ name: check.name, failure: String(error) });
    }
  }
  return results;
}
