import { type OpenStoreOptions, openStore } from '../../src/storage/store.ts';
import { storeContract } from '../../src/storage/storeContract.ts';

/** Runs the contract of all stores on one kind, in this page; gives the failures as sentences. */
export async function runContract(kind: 'opfs' | 'indexeddb' | 'memory') {
  const results: { name: string; failure?: string }[] = [];
  for (const [index, check] of storeContract.entries()) {
    if (!check.kinds.includes(kind)) continue;
    const options: OpenStoreOptions = { kind };
    try {
      await check.run(() => openStore(`contract-${kind}-${index}`, options));
      results.push({ name: check.name });
    } catch (error) {
      results.push({ name: check.name, failure: String(error) });
    }
  }
  return results;
}
