import { join } from 'node:path';

const embedder = { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' };

export default {
  // The folder that has node_modules; a project of its own needs no such line.
  turbopack: { root: join(import.meta.dirname, '../..') },
  headers: async () => [
    { source: '/isolated', headers: [embedder, { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' }] },
    // Workers of an isolated page say the same.
    { source: '/_next/:path*', headers: [embedder] },
  ],
};
