// What the package exports of this folder.

export {
  clearDeviceProfile,
  type DeviceMeasurement,
  type DeviceProfile,
  deviceProfile,
  keepDeviceProfile,
} from './deviceProfile.ts';
export { encryptedStore, wipe } from './encrypted.ts';
export { destroyKey, type KeyOwner } from './keys.ts';
export { type OpenStoreOptions, openStore } from './openStore.ts';
export { requestPersistence, type StorageState, storageState } from './storageState.ts';
export type { DamagedValue, Scrubbed, Store } from './store.ts';
export type { StoreAccess } from './storeLock.ts';
