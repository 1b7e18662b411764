// The cluster of three real NATS servers that the tests use, for scripts: its file is TypeScript, which Node 20 cannot read as it is.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../../scripts/ensure.mjs';

export async function openCluster() {
  // As deep as its source, which imports a file of scripts/.
  const outfile = join(root, 'out/bench/nats/natsCases.mjs');
  await build({ entryPoints: [join(root, 'src/federate/nats/natsCases.ts')], outfile, format: 'esm' });
  const { natsCluster, withoutNats } = await import(pathToFileURL(outfile).href);
  if (withoutNats !== undefined) throw new Error(`This needs real NATS servers: ${withoutNats}.`);
  return natsCluster();
}
