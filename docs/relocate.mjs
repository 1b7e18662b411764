// Makes a built site work from any path, without a rebuild: addresses in pages become relative, and the router is told at load
// time where it is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { BASE } from './base.mjs';

export function relocate(folder) {
  const left = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(html|js|css|json)$/.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(BASE)) continue;
    const up = relative(dirname(file), folder).split(sep).join('/');
    const root = up === '' ? './' : `${up}/`;
    const moved = entry.name.endsWith('.html') ? ofPage(text, root) : ofScript(text);
    if (moved.includes(BASE)) left.push(relative(folder, file));
    writeFileSync(file, moved);
  }
  if (left.length > 0) throw new Error(`These files still name the placeholder of the site's path: ${left.join(', ')}`);
}

/** What VitePress writes for its router: one script, the data of the site as a string of JSON. */
const SITE_DATA = /window\.__VP_SITE_DATA__=JSON\.parse\("(?:[^"\\]|\\.)*"\);/;

/** Attributes are relative to the page; the site's data, which the router reads, gets the path that the site turns out to have. */
function ofPage(text, root) {
  if (!SITE_DATA.test(text)) throw new Error("The site's data are not where VitePress 1.6 writes them.");
  const base = `window.__VP_SITE_DATA__.base=new URL(${JSON.stringify(root)},location.href).pathname;`;
  return text.replace(SITE_DATA, (data) => `${data}${base}`).replaceAll(BASE, root);
}

/** In scripts the path is what the router reads. */
function ofScript(text) {
  return text.replace(new RegExp(`(["'\`])${BASE}([^"'\`]*)\\1`, 'g'), (_, _quote, rest) =>
    rest === '' ? '(window.__VP_SITE_DATA__.base)' : `(window.__VP_SITE_DATA__.base+${JSON.stringify(rest)})`,
  );
}
