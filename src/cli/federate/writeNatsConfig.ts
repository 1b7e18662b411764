import { LimbeckError, messageOf } from '../../core/errors.ts';
import { parseJson } from '../../core/parseJson.ts';
import { DOMAIN } from '../../federate/nats/natsNames.ts';
import {
  accountsText,
  type Leaf,
  leafText,
  type NatsPorts,
  type NatsUser,
  type ServerPlan,
  serverText,
  type TlsFiles,
} from '../../federate/nats/serverConfig.ts';
import { createUserKey, publicKeyOf } from '../../federate/nats/userKeys.ts';
import { isKeyPart } from '../../federate/transport.ts';
import { numberOf } from '../arguments.ts';
import type { Values } from '../command.ts';
import type { Console } from '../openConsole.ts';
import { jsonText } from '../printable.ts';
import { type Written, writeFiles, writtenText } from '../writeFiles.ts';
import type { NATS_OPTIONS } from './natsOptions.ts';

/** What the command line says. */
export type NatsConfigValues = Values<typeof NATS_OPTIONS>;

/** A user's file of credentials: what `openNats` takes. */
interface Credentials {
  readonly servers: readonly string[];
  readonly federation: string;
  readonly user: string;
  readonly seed: string;
  readonly device: boolean;
}

const LOCAL = ['localhost', '127.0.0.1'];
/** What may stand in an address without quotes: names and numbers of hosts. */
const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/;

/** Writes the configuration of the servers and the credentials of their users; keys and passwords that are there stay. */
export async function writeNatsConfig(values: NatsConfigValues, console: Console): Promise<void> {
  const { config, federation = 'federation', json } = values;
  if (!config) throw wrong('Say where the files go: --config DIR.');
  const folder = config.replace(/\/+$/, '') || '/';
  const hosts = values.host.length > 0 ? values.host : ['localhost'];
  const tls = tlsOf(values, hosts);
  const brought = values.leaf.map(leafAndDevice);
  for (const name of [federation, ...values.device, ...values.aggregator, ...brought.flat()]) {
    if (!isKeyPart(name)) throw wrong(`"${name}" is no name: it must be 1 to 128 letters, digits, "_" and "-".`);
  }
  const ports = portsFrom(values.port);
  const kept = await keptNames(folder, console);
  const devices = union(
    kept.devices,
    union(
      values.device,
      brought.map(([, device]) => device),
    ),
  );
  const aggregators = union(
    kept.aggregators,
    values.aggregator.length > 0 || kept.aggregators.length > 0 ? values.aggregator : ['aggregator'],
  );
  const twice = devices.find((name) => aggregators.includes(name));
  if (twice !== undefined) throw wrong(`"${twice}" is a device and an aggregator; give one of both another name.`);
  const servers = hosts.flatMap((host) =>
    tls === undefined
      ? [`nats://${host}:${ports.client}`, `ws://${host}:${ports.websocket}`]
      : [`tls://${host}:${ports.client}`, `wss://${host}:${ports.websocket}`],
  );
  const usersOf = async (room: 'devices' | 'aggregators', names: readonly string[]) => {
    const users: NatsUser[] = [];
    for (const name of names) {
      const path = `${folder}/${room}/${name}.json`;
      const { seed, nkey } = await keyOf(path, console);
      const credentials: Credentials = { servers, federation, user: name, seed, device: room === 'devices' };
      users.push({ name, nkey });
      await write({ [path]: jsonText(credentials) }, true);
    }
    return users;
  };
  const written: Written[] = [];
  const write = async (files: Record<string, string>, isSecret: boolean) =>
    void written.push(...(await writeFiles(files, console, { isSecret })));
  const passwords = await keptPasswords(folder, brought, console);
  const plan: ServerPlan = {
    federation,
    devices: await usersOf('devices', devices),
    aggregators: await usersOf('aggregators', aggregators),
    ...(tls && { tls }),
    leaves: passwords.leaves,
    origins: values.origin,
  };
  await write({ [`${folder}/accounts.conf`]: accountsText(plan) }, false);
  for (const [i] of hosts.entries()) {
    const name = hosts.length === 1 ? 'server' : `server-${i + 1}`;
    const cluster = { password: passwords.members, members: hosts.map((host) => `${host}:${ports.cluster}`) };
    const place = { name, ports, store: `${name}-store`, ...(hosts.length > 1 && { cluster }) };
    await write({ [`${folder}/${name}.conf`]: serverText(plan, place) }, true);
  }
  for (const [leaf, { devices: brought }] of Object.entries(passwords.leaves)) {
    await write({ [`${folder}/leaves/${leaf}.conf`]: leafText(plan, leaf, hosts, ports) }, true);
    for (const device of brought) {
      const there = [`nats://localhost:${ports.client}`, `ws://localhost:${ports.websocket}`];
      const credentials = parseJson(
        new TextDecoder().decode(await console.readFile(`${folder}/devices/${device}.json`)),
      );
      const path = `${folder}/leaves/${leaf}/${device}.json`;
      await write({ [path]: jsonText({ ...(credentials as Credentials), servers: there, domain: DOMAIN }) }, true);
    }
  }
  await write({ [`${folder}/passwords.json`]: jsonText(passwords) }, true);
  const start = hosts.length === 1 ? 'server' : 'server-1';
  console.write(
    json
      ? jsonText({ servers, written })
      : `${writtenText(written)}\nStart it:  cd ${folder} && nats-server -c ${start}.conf\n`,
  );
}

/** Throws    invalid-option: not LEAF=DEVICE */
function leafAndDevice(text: string): readonly [string, string] {
  const [leaf = '', device, ...more] = text.split('=');
  if (device !== undefined && more.length === 0) return [leaf, device];
  throw wrong(`--leaf was "${text}"; it must be NAME=DEVICE: the site's server and one device that it brings.`);
}

/** Throws    invalid-option: half of a certificate · none, where others are to connect */
function tlsOf(values: NatsConfigValues, hosts: readonly string[]): TlsFiles | undefined {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-ca': ca } = values;
  const bad = hosts.find((host) => !HOST.test(host));
  if (bad !== undefined) throw wrong(`"${bad}" is no host; give its name or number, without a scheme or port.`);
  if (new Set(hosts).size < hosts.length) throw wrong('A host was given twice.');
  if (cert !== undefined && key !== undefined) return { cert, key, ...(ca !== undefined && { ca }) };
  if (cert !== undefined || key !== undefined || ca !== undefined)
    throw wrong('TLS needs both --tls-cert FILE and --tls-key FILE.');
  const far = hosts.find((host) => !LOCAL.includes(host));
  if (far === undefined) return undefined;
  throw wrong(
    `Devices would reach "${far}" without encryption. Give --tls-cert FILE and --tls-key FILE; without them a server may only ` +
      'listen on this machine (localhost), such as behind a proxy that encrypts.',
  );
}

function portsFrom(text = '4222'): NatsPorts {
  const port = numberOf(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_532)
    throw wrong(`--port was ${text}; it must be a whole number from 1 to 65,532.`);
  return { client: port, websocket: port + 1, cluster: port + 2, leaf: port + 3 };
}

/** Names of users whose credentials are there already. */
async function keptNames(folder: string, console: Console) {
  const namesIn = async (room: string) => {
    const found = (await console.listFolder(`${folder}/${room}`).catch(unlessMissing)) ?? [];
    return found.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).filter(isKeyPart);
  };
  return { devices: await namesIn('devices'), aggregators: await namesIn('aggregators') };
}

/** The key of a file of credentials, or a new one if there is no file. */
async function keyOf(path: string, console: Console): Promise<{ readonly seed: string; readonly nkey: string }> {
  const kept = await readJson(path, console);
  if (kept === undefined) return createUserKey();
  const { seed } = kept as { readonly seed?: string };
  return { seed: String(seed), nkey: await publicKeyOf(seed) };
}

/** Passwords of the cluster's members and of leaf nodes, with the devices that these bring. */
async function keptPasswords(folder: string, given: readonly (readonly [string, string])[], console: Console) {
  const kept = ((await readJson(`${folder}/passwords.json`, console)) ?? {}) as {
    readonly members?: string;
    readonly leaves?: Readonly<Record<string, Partial<Leaf>>>;
  };
  const isSound = (password: unknown): password is string =>
    typeof password === 'string' && /^[0-9a-f]{64}$/.test(password);
  const names = union(
    Object.keys(kept.leaves ?? {}).filter(isKeyPart),
    given.map(([leaf]) => leaf),
  );
  const leaves = names.map((name): [string, Leaf] => {
    const { password, devices } = kept.leaves?.[name] ?? {};
    const known = Array.isArray(devices) ? devices.filter(isKeyPart) : [];
    const more = given.flatMap(([leaf, device]) => (leaf === name ? [device] : []));
    return [name, { password: isSound(password) ? password : newPassword(), devices: union(known, more) }];
  });
  return { members: isSound(kept.members) ? kept.members : newPassword(), leaves: Object.fromEntries(leaves) };
}

/** 256 bits that an address may hold as they are. */
function newPassword(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Undefined if there is no such file. Throws    invalid-option: it holds something else */
async function readJson(path: string, console: Console): Promise<object | undefined> {
  const bytes = await console.readFile(path).catch(unlessMissing);
  if (bytes === undefined) return undefined;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw wrong(`${path} is damaged; remove it, and a new key is made.`);
}

/** Nothing, of a file that is not there. One that cannot be read is no reason to write another. */
function unlessMissing(error: unknown): undefined {
  if ((error as { readonly code?: string }).code === 'ENOENT' || messageOf(error).startsWith('ENOENT'))
    return undefined;
  throw error;
}

function union(some: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...some, ...more])].sort();
}

function wrong(message: string): LimbeckError {
  return new LimbeckError('invalid-option', message);
}
