import { build } from 'esbuild';
import { root } from '../ensure.mjs';

/** What a file of types exports, in Node; `file` from the root of the project. */
export async function moduleOf(file) {
  const { outputFiles } = await build({
    entryPoints: [`${root}${file}`],
    write: false,
    format: 'esm',
    platform: 'node',
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}
