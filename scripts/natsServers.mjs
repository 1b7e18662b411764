// The real NATS servers of the tests, for scripts: their file is TypeScript, which Node 20 cannot read as it is.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './ensure.mjs';

/** What `src/federate/nats/natsCases.ts` exports. Throws a sentence where no server is installed. */
export async function natsServers() {
  // As deep as its source, which imports a file of scripts/.
  const outfile = join(root, 'out/bench/nats/natsCases.mjs');
  await build({ entryPoints: [join(root, 'src/federate/nats/natsCases.ts')], outfile, format: 'esm' });
  const cases = await import(pathToFileURL(outfile).href);
  if (cases.withoutNats !== undefined) throw new Error(`This needs real NATS servers: ${cases.withoutNats}.`);
  return cases;
}
