// The package as a user gets it: packed by npm from the built checkout, and unpacked as an installation would.
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run } from './ensure.mjs';

/** Packs the package into `folder` and gives the path of the tarball. */
export function pack(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // It is built already: its own prepack would build it again.
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { quiet: true });
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(folder, `${name}-${version}.tgz`);
}

/** Packs it, and puts it into a folder's node_modules in place of what is there. Gives the tarball and the installed folder. */
export function installPacked(folder) {
  const out = join(folder, 'out/pack');
  const tarball = pack(out);
  run('tar', ['-xzf', tarball, '-C', out]);
  const home = join(folder, 'node_modules/limbeck');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(dirname(home), { recursive: true });
  renameSync(join(out, 'package'), home);
  return { tarball, home };
}
