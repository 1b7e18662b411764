// Makes a built site work from any path, without a rebuild: addresses in pages become relative, and the router is told at load
// time where it is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { BASE } from './base.mjs';

/** Stands for the path in the index of the search. */
const SHORT = '~site~/';

const MOVERS = { '.html': ofPage, '.js': ofScript, '.css': (text, root) => text.replaceAll(BASE, root) };

/** Throws Error: a file still names `BASE`, or VitePress writes pages in another way than this knows. */
export function relocate(folder) {
  const left = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !(extname(entry.name) in MOVERS)) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(BASE)) continue;
    const up = relative(dirname(file), folder).split(sep).join('/');
    const root = up === '' ? './' : `${up}/`;
    const moved = MOVERS[extname(entry.name)](text, root);
    if (moved.includes(BASE)) left.push(relative(folder, file));
    writeFileSync(file, moved);
  }
  if (left.length > 0) throw new Error(`These files still name ${BASE}, which is no path: ${left.join(', ')}`);
}

/** What VitePress writes for its router: one script, the data of the site as a string of JSON. */
const SITE_DATA = /window\.__VP_SITE_DATA__=JSON\.parse\("(?:[^"\\]|\\.)*"\);/;

/** Attributes are relative to the page; the site's data, which the router reads, gets the path that the site turns out to have. */
function ofPage(text, root) {
  if (!SITE_DATA.test(text)) throw new Error("The site's data are not where VitePress 1.6 writes them.");
  const base = `window.__VP_SITE_DATA__.base=new URL(${JSON.stringify(root)},location.href).pathname;`;
  return text.replace(SITE_DATA, (data) => `${data}${base}`).replaceAll(BASE, root);
}

/** In scripts the path is what the router reads. The index of the search is one long string, which is asked to replace it. */
function ofScript(text) {
  const index = /^(const (\w+)=(["'`]).*\3;)export\{\2 as default\};\s*$/s.exec(text);
  if (index !== null) {
    const whole = index[1].replaceAll(BASE, SHORT);
    return `${whole}const located=${index[2]}.replaceAll("${SHORT}",window.__VP_SITE_DATA__.base);export{located as default};`;
  }
  return text.replace(new RegExp(`(["'\`])${BASE}([^"'\`]*)\\1`, 'g'), (_, _quote, rest) =>
    rest === '' ? '(window.__VP_SITE_DATA__.base)' : `(window.__VP_SITE_DATA__.base+${JSON.stringify(rest)})`,
  );
}
