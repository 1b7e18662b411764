// Imported before the specs: which backend they are told to run on is read while they load.
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';

setTestEnvs([{ name: 'wasm', backendName: 'wasm', flags: {}, isDataSync: true }]);
