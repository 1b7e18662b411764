// What must be there before anything else runs. Only Node's own modules: it works on a bare clone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);

/**
 * TypeScript's compiler as a program, five times as fast as the one that is a library (the package "typescript", whose syntax trees
 * our checks read). Both install a "tsc", so that name is nobody's.
 */
export const TSC = 'node_modules/typescript-native/bin/tsc';

/** Runs a command in the project's folder, or in one of its own; throws with its name when it fails. */
export function run(command, args, { quiet = false, env = {}, folder = '' } = {}) {
  const result = spawnSync(command, args, {
    cwd: at(folder),
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env: { ...process.env, ...env },
  });
  if (result.status === 0) return;
  if (quiet) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  throw new Error(`${command} ${args.join(' ')} failed${result.error ? `: ${result.error.message}` : ''}`);
}

/** A package of the project itself, where a nearer folder may hold another version of it. */
export const fromRoot = (name) => import(pathToFileURL(createRequire(at('package.json')).resolve(name)).href);

/** Installs the packages of package-lock.json, of the project or of a folder, unless they are there. */
export function ensurePackages(folder = '') {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 20) throw new Error(`Node ${process.versions.node} is too old: limbeck needs Node 20 or newer.`);
  const wanted = createHash('sha256')
    .update(readFileSync(at(folder, 'package-lock.json')))
    .digest('hex');
  const stamp = at(folder, 'node_modules/.limbeck-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing npm packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { folder });
  writeFileSync(stamp, wanted);
}

const BUILD_INPUTS = [
  'src',
  'wasm',
  'demo',
  'tasks',
  'docs/help/errors.md',
  'scripts/demoData.mjs',
  'scripts/demoWorker.mjs',
  'scripts/digitSplits.mjs',
  'scripts/build.mjs',
  'scripts/publicTfjs.mjs',
  'scripts/publicTypes.mjs',
  'scripts/sharedHeap.mjs',
  'scripts/tasks.mjs',
  'scripts/thirdParty.mjs',
  'scripts/threadsFile.mjs',
  'scripts/withoutNode.mjs',
  'rollup.config.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
];

function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}

/** A fingerprint of everything the build reads. Tests are left out: they change nothing in it. */
function buildFingerprint() {
  const hash = createHash('sha256').update(process.version);
  for (const input of BUILD_INPUTS) {
    for (const file of filesUnder(at(input)).sort()) {
      if (/\.test\.ts$|golden/.test(file)) continue;
      hash.update(file.slice(root.length)).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

/** Builds dist/ unless it was built from the same sources. */
export function ensureBuilt() {
  const stamp = at('dist/.built-from');
  const fingerprint = buildFingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;
  console.log('Building …');
  run('node', ['scripts/build.mjs']);
  writeFileSync(stamp, fingerprint);
}

const CHROMIUM_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The path of a Chromium; CHROMIUM_PATH names another. Installs Debian's when there is none and we are root. */
export function ensureChromium() {
  const find = () => [process.env.CHROMIUM_PATH, ...CHROMIUM_PLACES].find((path) => path && existsSync(path));
  const found = find();
  if (found) return found;
  installDebianPackages(['chromium'], 'A Chromium browser is needed and was not found.');
  const installed = find();
  if (!installed) throw new Error('Chromium was installed but not found; set CHROMIUM_PATH to its program.');
  return installed;
}

/** The path of nats-server, or undefined; NATS_SERVER_PATH names another. */
export function findNatsServer() {
  const places = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'];
  return [process.env.NATS_SERVER_PATH, ...places].find((path) => path && existsSync(path));
}

/** Installs nats-server if it is missing and we are root; otherwise the tests that need it say why they are skipped. */
export function ensureNatsServer() {
  if (findNatsServer()) return;
  try {
    installDebianPackages(['nats-server'], 'nats-server is needed and was not found.');
  } catch (error) {
    console.log(error.message);
  }
}

/** Installs system packages where that is possible, and otherwise says what to install. */
export function installDebianPackages(names, why) {
  const hint = `${why} Install it: apt-get install ${names.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(hint);
  console.log(`Installing ${names.join(', ')} from Debian …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    run('apt-get', ['update', '-qq'], { quiet: true });
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { quiet: true, env });
  } catch (error) {
    throw new Error(`${hint} (${error.message})`);
  }
}

/** Flags with which Chromium runs headless, as root too, without asking the network for anything. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
