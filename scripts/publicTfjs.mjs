// tfjs keeps its gradients, and what tfjs-converter takes from it, in files that only bundlers of an older kind can read: their
// imports have no extension. So those files are bundled into limbeck, and what they import comes from tfjs's public entry wherever it is
// public: there stays one copy of tfjs, the user's.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';

const CORE = '@tensorflow/tfjs-core';
const core = join(dirname(createRequire(import.meta.url).resolve(`${CORE}/package.json`)), 'dist');

/** What tfjs does not export, said with what it does. */
const SAID_OTHERWISE = {
  ENGINE: `import { engine as engineOf } from '${CORE}'; const ENGINE = engineOf();`,
  getGlobalTensorClass: `import { Tensor as TensorClass } from '${CORE}'; const getGlobalTensorClass = () => TensorClass;`,
};

const IMPORT = /^import (?:\{([^}]*)\}|\* as (\w+)) from '(\.[^']*)';/gm;

/** A Rollup plugin. Throws Error where tfjs is not written as this expects, such as after a change of version. */
export function publicTfjs() {
  const ofPublic = new Map([...exportsOf(join(core, 'index.js'))].map(([name, place]) => [place, name]));
  const within = new Map();
  for (const [place, namespace] of ofPublic) {
    if (!place.endsWith(' *')) continue;
    for (const [name, inner] of exportsOf(place.slice(0, -2))) within.set(inner, [namespace, name]);
  }
  return {
    name: 'public-tfjs',
    transform(code, id) {
      if (!id.startsWith(core + sep)) return null;
      // All that it exports is public.
      if (id.endsWith('ops_for_converter.js')) return { code: `export * from '${CORE}';`, map: null };
      const changed = code.replace(IMPORT, (_, names, namespace, from) => {
        const file = fileOf(id, from);
        if (namespace !== undefined) {
          const name = ofPublic.get(`${file} *`);
          return name
            ? `import { ${name} as ${namespace} } from '${CORE}';`
            : `import * as ${namespace} from '${from}';`;
        }
        return pairsOf(names)
          .map(([imported, local]) => {
            const place = exportsOf(file).get(imported);
            const name = ofPublic.get(place);
            if (name) return `import { ${name} as ${local} } from '${CORE}';`;
            const [namespace, inner] = within.get(place) ?? [];
            if (namespace)
              return `import { ${namespace} as of_${local} } from '${CORE}'; const ${local} = of_${local}.${inner};`;
            return SAID_OTHERWISE[imported] ?? `import { ${imported} as ${local} } from '${from}';`;
          })
          .join(' ');
      });
      return { code: changed, map: null };
    },
    buildEnd() {
      const bundled = [...this.getModuleIds()].filter((id) => id.startsWith(core + sep));
      const state = ['engine.js', 'kernel_registry.js', 'environment.js', 'tensor.js'].map((name) => join(core, name));
      const second = bundled.filter((id) => state.includes(id));
      if (second.length > 0) throw new Error(`A second copy of tfjs would be bundled: ${second.join(', ')}`);
    },
  };
}

const known = new Map();

/** Names that a file exports, each with where it is defined: "file name", or "file *" for all of a file. */
function exportsOf(file) {
  const found = known.get(file);
  if (found) return found;
  const names = new Map();
  known.set(file, names);
  const text = readFileSync(file, 'utf8');
  const imported = new Map();
  for (const [, list, namespace, from] of text.matchAll(IMPORT)) {
    const source = fileOf(file, from);
    if (namespace !== undefined) imported.set(namespace, `${source} *`);
    else for (const [name, local] of pairsOf(list)) imported.set(local, exportsOf(source).get(name));
  }
  for (const [, list, from] of text.matchAll(/^export \{([^}]*)\}(?: from '([^']+)')?;/gm)) {
    for (const [name, as] of pairsOf(list)) {
      names.set(as, from ? exportsOf(fileOf(file, from)).get(name) : (imported.get(name) ?? `${file} ${name}`));
    }
  }
  for (const [, name] of text.matchAll(/^export (?:async )?(?:const|let|var|function\*?|class) (\w+)/gm)) {
    names.set(name, `${file} ${name}`);
  }
  for (const [, from] of text.matchAll(/^export \* from '([^']+)';/gm)) {
    for (const [name, place] of exportsOf(fileOf(file, from))) names.set(name, place);
  }
  return names;
}

const pairsOf = (list) =>
  list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => {
      const [name, local = name] = one.split(/\s+as\s+/);
      return [name, local];
    });

function fileOf(importer, from) {
  const base = resolve(dirname(importer), from);
  const file = [`${base}.js`, join(base, 'index.js'), base].find((one) => one.endsWith('.js') && existsSync(one));
  if (!file) throw new Error(`${importer} imports ${from}, which is not there`);
  return file;
}
