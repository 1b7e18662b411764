// The site is built for no address in particular: this stands where its path will be, and `relocate.mjs` replaces it.
export const BASE = '/__limbeck_docs__/';
