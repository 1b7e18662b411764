import { frameworkRow } from '../frameworks.mjs';

export default frameworkRow('svelte', 'Svelte', async () => [
  (await import('@sveltejs/vite-plugin-svelte')).svelte({ configFile: false }),
]);
