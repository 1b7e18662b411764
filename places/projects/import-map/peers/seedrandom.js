// seedrandom is no module: alea.js, a script before this one, leaves its function on the page.
export const { alea } = globalThis;
