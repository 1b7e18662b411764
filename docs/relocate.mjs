// Makes a built site work from any path, without a rebuild: addresses in pages become relative, and the router is told at load
// time where it is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { BASE } from './base.mjs';

const escaped = BASE.replaceAll('/', '\\/');

export function relocate(folder) {
  const left = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(html|js|css|json)$/.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(BASE) && !text.includes(escaped)) continue;
    const up = relative(dirname(file), folder).split(sep).join('/');
    const root = up === '' ? './' : `${up}/`;
    const moved = entry.name.endsWith('.html') ? ofPage(text, root) : ofScript(text, root);
    if (moved.includes(BASE)) left.push(relative(folder, file));
    writeFileSync(file, moved);
  }
  if (left.length > 0) throw new Error(`These files still name the placeholder of the site's path: ${left.join(', ')}`);
}

/** Attributes are relative to the page; the site's data, which the router reads, gets the path of the page's folder. */
function ofPage(text, root) {
  return text
    .replace(/(__VP_SITE_DATA__\s*=\s*JSON\.parse\((["'])(?:(?!\2).)*\2\);?)/, (data) => {
      const quoted = data.includes(`\\"base\\":\\"${BASE}\\"`);
      if (!quoted) throw new Error('The data of the site name no base where it was expected; VitePress has changed.');
      return `${data}__VP_SITE_DATA__.base=new URL(${JSON.stringify(root)},location.href).pathname;`;
    })
    .replaceAll(BASE, root);
}

/** What a script names is asked of the router's own path. */
function ofScript(text, root) {
  return text.replaceAll(BASE, root);
}
