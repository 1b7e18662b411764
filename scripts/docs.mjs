// The documentation site: reference pages from the docstrings (typedoc), then the site (VitePress), into out/docs/. It works
// from any path and without a network. Usage: npm run docs [-- --check | --serve]
import { rmSync } from 'node:fs';
import { relocate } from '../docs/relocate.mjs';
import { ensurePackages, root, run } from './ensure.mjs';

const folder = 'docs';

process.chdir(root);
ensurePackages();
// What makes the site stands apart, so that the product does not wait for it.
ensurePackages(folder);
rmSync('docs/reference/api', { recursive: true, force: true });
run('node_modules/.bin/typedoc', ['--logLevel', 'Error'], { folder });
run('node_modules/.bin/vitepress', ['build'], { folder });
relocate('out/docs');
console.log('The documentation is in out/docs/.');
if (process.argv.includes('--check')) {
  const { checkDocs } = await import('./docsCheck.mjs');
  await checkDocs();
}
if (process.argv.includes('--serve')) {
  const { serve } = await import('./serve.mjs');
  const server = await serve('out/docs');
  console.log(`It is at ${server.url} (Ctrl-C ends it).`);
}
