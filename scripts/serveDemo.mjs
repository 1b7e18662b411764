// npm run demo: serves the built demo page and says where. Ctrl-C ends it.
import { parseArgs } from 'node:util';
import { ensureBuilt, ensurePackages, root } from './ensure.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
process.chdir(root);
ensurePackages();
ensureBuilt();
const { serve } = await import('./serve.mjs');
const server = await serve('dist/demo', { port: Number(values.port) });
console.log(`The demo is at ${server.url} (Ctrl-C ends it).`);
