// Three real servers with the files that the command writes: do they find each other, and hold on every one of them what they hold on
// one? A cluster takes seconds to elect its leaders.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import { freeRow, type RunningNats, startNats, temporaryFolder, withoutNats } from '../../federate/nats/natsCases.ts';
import { entryStream, inboxOf, objectStream } from '../../federate/nats/natsNames.ts';
import type { Transport } from '../../federate/transport.ts';
import { type NatsOptions, openNats } from '../../federate/transports/nats.ts';
import { type Files, runLine } from '../commandCases.ts';

/** Every number of 127.0.0.0/8 is this machine's on Linux; macOS has the first only. */
const HOSTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const [FIRST, SECOND, THIRD] = [0, 1, 2];
const hash = 'f'.repeat(64);

if (withoutNats === undefined && !isLong) {
  console.log('The test of three configured servers is skipped: it takes up to a minute; LIMBECK_SLOW=1 runs it.');
}

describe.skipIf(withoutNats !== undefined || !isLong)(
  'three real servers with these files',
  { timeout: 180_000 },
  () => {
    const { folder, remove } = temporaryFolder();
    const files: Files = {};
    const servers: RunningNats[] = [];
    const opened: Transport[] = [];
    let port = 0;

    const optionsOf = (path: string): NatsOptions => JSON.parse(new TextDecoder().decode(files[`served/${path}.json`]));
    /** Connected to one of the servers, and to no other as long as that one is there. */
    const open = async (path: string, at: number): Promise<Transport> => {
      const more = path.startsWith('aggregators/') ? { replicas: HOSTS.length } : {};
      const only = `nats://${HOSTS[at]}:${port}`;
      const end = await openNats({ ...optionsOf(path), ...more, servers: only, patienceMs: 60_000 });
      opened.push(end);
      return end;
    };
    /** Without this library. */
    const connected = async (path: string, at: number) => {
      const { connect, nkeyAuthenticator } = await import('@nats-io/transport-node');
      const { user = '', seed } = optionsOf(path);
      return connect({
        servers: `${HOSTS[at]}:${port}`,
        authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
        inboxPrefix: inboxOf(user),
      });
    };

    beforeAll(async () => {
      port = await freeRow(4);
      const hosts = HOSTS.flatMap((host) => ['--host', host]);
      const devices = ['--device', 'a', '--device', 'b'];
      const line = ['federate', 'nats', '--config', 'served', '--federation', 'digits', '--port', String(port)];
      expect(await runLine([...line, ...devices, ...hosts], files)).toMatchObject({ code: 0, error: '' });
      for (const [path, data] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), data);
      }
      const start = (i: number) => startNats(join(folder, 'served'), `server-${i + 1}.conf`, port);
      servers.push(...(await Promise.all(HOSTS.map((_, i) => start(i)))));
    });
    afterAll(async () => {
      for (const end of opened) await end[Symbol.asyncDispose]();
      for (const server of servers) await server.kill();
      remove();
    });

    test('form one cluster, which keeps the streams three times', async () => {
      // Only a cluster of three takes streams that are kept three times.
      await open('aggregators/aggregator', FIRST);
      const names: string[] = [];
      for (const at of HOSTS.keys()) {
        const connection = await connected('aggregators/aggregator', at);
        const { info } = connection;
        names.push(info?.server_name ?? '');
        expect(info).toMatchObject({ cluster: 'digits', domain: 'limbeck', jetstream: true });
        for (const stream of [entryStream('digits'), objectStream('digits')]) {
          const told = (await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 20_000 })).json();
          const { config, cluster } = told as {
            config: object;
            cluster: { leader: string; replicas: { name: string }[] };
          };
          expect(config).toMatchObject({ num_replicas: 3 });
          const members = [cluster.leader, ...cluster.replicas.map(({ name }) => name)];
          expect(members.sort()).toEqual(['server-1', 'server-2', 'server-3']);
        }
        await connection.close();
      }
      expect(names).toEqual(['server-1', 'server-2', 'server-3']);
    });

    test('give at one what was written at another, to whom they may', async () => {
      const [aggregator, other] = [
        await open('aggregators/aggregator', FIRST),
        await open('aggregators/aggregator', THIRD),
      ];
      const [a, b] = [await open('devices/a', SECOND), await open('devices/b', THIRD)];
      const student = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
      await aggregator.putObject(`models/1/${hash}`, student);
      for (const reader of [a, b, other]) expect(await reader.getObject(`models/1/${hash}`, 1e6)).toEqual(student);
      await a.putObject(`updates/1/a/${hash}`, student);
      expect(await a.put('updates/1/a', Uint8Array.of(1), 0)).toBeGreaterThan(0);
      for (const reader of [aggregator, other]) {
        expect(await reader.getObject(`updates/1/a/${hash}`, 1e6)).toEqual(student);
        expect((await reader.get('updates/1/a'))?.value).toEqual(Uint8Array.of(1));
      }
      // What is compared and set at two servers is set once.
      const set = [aggregator, other].map((end, i) => end.put('head', Uint8Array.of(i), 0));
      expect((await Promise.all(set)).filter((revision) => revision !== undefined)).toHaveLength(1);
    });

    test.each(HOSTS.map((host, at) => ({ host, at })))('refuse at $host what a device may not', async ({ at }) => {
      const b = await open('devices/b', at);
      const denied = expect.objectContaining({ code: 'permission-denied' });
      const value = Uint8Array.of(9);
      await expect(b.put('head', value, 0)).rejects.toEqual(denied);
      await expect(b.put('updates/1/a', value, 0)).rejects.toEqual(denied);
      await expect(b.get('updates/1/a')).rejects.toEqual(denied);
      await expect(b.getObject(`updates/1/a/${hash}`, 1e6)).rejects.toEqual(denied);
      await expect(b.putObject(`models/1/${hash}`, value)).rejects.toEqual(denied);
      await expect(b.list('updates/')).rejects.toEqual(denied);
      expect((await b.getObject(`models/1/${hash}`, 1e6))?.length).toBe(300_000);
      const stranger = openNats({ servers: `nats://${HOSTS[at]}:${port}`, federation: 'digits' });
      await expect(stranger).rejects.toMatchObject({ code: 'nats-unreachable', details: { refused: true } });
    });

    test('go on without one of them, and keep what it has missed once it is back', async () => {
      const aggregator = await open('aggregators/aggregator', FIRST);
      await servers[SECOND]?.kill();
      await aggregator.putObject('models/2/x', new Uint8Array(200_000).fill(7));
      const b = await open('devices/b', THIRD);
      expect(await b.getObject('models/2/x', 1e6)).toEqual(new Uint8Array(200_000).fill(7));
      await servers[SECOND]?.start();
      const a = await open('devices/a', SECOND);
      expect(await a.getObject('models/2/x', 1e6)).toEqual(new Uint8Array(200_000).fill(7));
      // Without the first, whoever was away is one of the two that decide.
      await servers[FIRST]?.kill();
      const other = await open('aggregators/aggregator', THIRD);
      expect(await other.getObject('models/2/x', 1e6)).toEqual(new Uint8Array(200_000).fill(7));
      const head = await other.get('head');
      expect(await other.put('head', Uint8Array.of(5), head?.revision ?? 0)).toBeGreaterThan(head?.revision ?? 0);
    });
  },
);
