// What a device may do on a real server with the files that the command writes, with this library and without.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freeRow, type RunningNats, startNats, temporaryFolder, withoutNats } from '../../federate/nats/natsCases.ts';
import { entryStream, entrySubject, inboxOf, objectStream } from '../../federate/nats/natsNames.ts';
import type { Transport } from '../../federate/transport.ts';
import { type NatsOptions, openNats } from '../../federate/transports/nats.ts';
import { type Files, runLine } from '../commandCases.ts';

const json = (files: Files, path: string) => JSON.parse(new TextDecoder().decode(files[path]));
const line = (...more: string[]) => ['federate', 'nats', '--config', 'served', '--federation', 'digits', ...more];

describe.skipIf(withoutNats !== undefined)('a real server with these files', () => {
  const { folder, remove } = temporaryFolder();
  const files: Files = {};
  let server: RunningNats;
  let port = 0;
  const opened: Transport[] = [];
  const optionsOf = (path: string): NatsOptions => ({ ...json(files, `served/${path}.json`), patienceMs: 5000 });
  const open = async (path: string): Promise<Transport> => {
    const end = await openNats(optionsOf(path));
    opened.push(end);
    return end;
  };
  /** A connection on which a device tries whatever it likes. */
  const rawDevice = async (name: string) => {
    const { connect, nkeyAuthenticator } = await import('@nats-io/transport-node');
    const { seed, user } = optionsOf(`devices/${name}`);
    return connect({
      port,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
      inboxPrefix: inboxOf(user as string),
      reconnect: false,
    });
  };
  const denied = (subject: string) =>
    expect.objectContaining({ code: 'permission-denied', details: expect.objectContaining({ subject }) });
  const subject = (key: string) => entrySubject('digits', key);

  beforeAll(async () => {
    port = await freeRow(4);
    await runLine(line('--device', 'a', '--device', 'b', '--leaf', 'ward=c', '--port', String(port)), files);
    for (const [path, data] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), data);
    }
    server = await startNats(join(folder, 'served'), 'server.conf', port);
  });
  afterAll(async () => {
    for (const end of opened) await end[Symbol.asyncDispose]();
    await server?.kill();
    remove();
  });

  test('lets a federation go its way, and a device only its own', async () => {
    const aggregator = await open('aggregators/aggregator');
    const [a, b] = [await open('devices/a'), await open('devices/b')];
    const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)];
    const hash = 'f'.repeat(64);

    // What a round needs.
    await aggregator.putObject(`models/1/${hash}`, new Uint8Array(200_000).fill(4));
    const stop = new AbortController();
    const told = (async () => {
      for await (const key of a.watch('head', stop.signal)) return key;
      return undefined;
    })();
    let head: number | undefined = 0;
    for (let i = 0; i < 50 && head !== undefined; i++) {
      head = await aggregator.put('head', one, head);
      const isTold = await Promise.race([told, new Promise((resolve) => setTimeout(() => resolve(false), 50))]);
      if (isTold) break;
    }
    expect(await told).toBe('head');
    stop.abort();
    expect((await a.get('head'))?.value).toEqual(one);
    expect((await a.getObject(`models/1/${hash}`, 1e6))?.length).toBe(200_000);
    expect(await a.put('clients/a', one, 0)).toBeGreaterThan(0);
    await a.putObject(`updates/1/a/${hash}`, two);
    expect(await a.put('updates/1/a', one, 0)).toBeGreaterThan(0);
    expect(await a.put('updates/1/a', two, 0)).toBeUndefined();
    expect(await a.get('updates/1/a')).toBeDefined();
    await a.delete('clients/a');
    expect(await aggregator.get('clients/a')).toBeUndefined();
    expect(await aggregator.list('updates/')).toEqual(['updates/1/a']);
    expect(await aggregator.getObject(`updates/1/a/${hash}`, 10)).toEqual(two);

    // What a device may not.
    await expect(a.put('head', two, head ?? 1)).rejects.toEqual(denied(subject('head')));
    await expect(a.put('lease', two, 0)).rejects.toEqual(denied(subject('lease')));
    await expect(a.put('updates/1/b', two, 0)).rejects.toEqual(denied(subject('updates/1/b')));
    await expect(a.put('clients/b', two, 0)).rejects.toEqual(denied(subject('clients/b')));
    await expect(b.get('updates/1/a')).rejects.toEqual(
      denied(`$JS.API.DIRECT.GET.${entryStream('digits')}.${entrySubject('digits', 'updates/1/a')}`),
    );
    await expect(b.getObject(`updates/1/a/${hash}`, 10)).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(b.putObject(`updates/1/a/${hash}`, one)).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(b.putObject(`models/1/${hash}`, one)).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(b.deleteObject(`models/1/${hash}`)).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(b.list('updates/')).rejects.toMatchObject({ code: 'permission-denied' });
    expect((await aggregator.get('head'))?.value).toEqual(one);
    expect(await aggregator.getObject(`updates/1/a/${hash}`, 10)).toEqual(two);
  });

  test('holds against what a device can do without this library', async () => {
    const aggregator = await open('aggregators/aggregator');
    const kept = await aggregator.get('head');
    const before = kept ?? { revision: await aggregator.put('head', Uint8Array.of(1), 0), value: Uint8Array.of(1) };
    const a = await rawDevice('a');
    const { headers } = await import('@nats-io/transport-node');
    // It may write this, and reads it back with the head as the place of the answer.
    await a.request(subject('clients/a'), 'evil');
    for (const stream of [entryStream('digits')]) {
      a.publish(`$JS.API.DIRECT.GET.${stream}.${subject('clients/a')}`, '', { reply: subject('head') });
    }
    a.publish(subject('clients/a'), 'evil', { reply: subject('head') });
    a.publish(subject('clients/a'), 'evil', { reply: subject('updates/1/b') });
    await a.flush();
    // A message that carries away all others.
    const rollup = headers();
    rollup.set('Nats-Rollup', 'all');
    const answer = await a.request(subject('clients/a'), 'evil', { headers: rollup, timeout: 5000 });
    expect(answer.json()).toMatchObject({ error: { description: expect.stringContaining('rollup') } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await aggregator.get('head'))?.value).toEqual(before.value);
    expect(await aggregator.get('updates/1/b')).toBeUndefined();

    const streams = [entryStream('digits'), objectStream('digits')];
    const calls = [
      'STREAM.PURGE',
      'STREAM.DELETE',
      'STREAM.UPDATE',
      'STREAM.CREATE',
      'STREAM.MSG.GET',
      'STREAM.MSG.DELETE',
    ];
    const forbidden = [
      ...streams.flatMap((stream) => calls.map((call) => `$JS.API.${call}.${stream}`)),
      ...streams.map((stream) => `$JS.API.CONSUMER.CREATE.${stream}.spy.${subject('updates.1.b')}`),
      ...streams.map((stream) => `$JS.API.DIRECT.GET.${stream}`),
      '$JS.API.STREAM.CREATE.mine',
      '$JS.API.STREAM.LIST',
      '$JS.API.INFO',
      '$SYS.REQ.SERVER.PING',
      'anything',
    ];
    for (const one of forbidden) {
      await expect(a.request(one, '{}', { timeout: 2000 }), one).rejects.toThrow(/[Pp]ermissions [Vv]iolation/);
    }
    for (const one of [
      '>',
      subject('>'),
      subject('updates.>'),
      '$JS.>',
      '_INBOX.>',
      `${inboxOf('b')}.>`,
      'limbeck.>',
    ]) {
      const spying = (async () => {
        for await (const _ of a.subscribe(one)) throw new Error('heard something');
      })();
      await expect(spying, one).rejects.toThrow(/[Pp]ermissions [Vv]iolation/);
    }
    await a.close();
  });

  test('refuses whoever has no key of its own', async () => {
    const { servers } = optionsOf('devices/a');
    const stranger: Files = {};
    await runLine(line('--device', 'a'), stranger);
    const { seed } = json(stranger, 'served/devices/a.json');
    for (const credentials of [{ user: 'a', seed }, { user: 'a', password: 'x' }, {}]) {
      const refused = openNats({ servers, federation: 'digits', ...credentials });
      await expect(refused).rejects.toMatchObject({ code: 'nats-unreachable', details: { refused: true } });
    }
  });

  test('brings the devices of a site through a server of its own', async () => {
    const aggregator = await open('aggregators/aggregator');
    const there = await freeRow(2);
    const conf = new TextDecoder().decode(files['served/leaves/ward.conf']);
    const moved = conf.replace(`1:${port}"`, `1:${there}"`).replace(`1:${port + 1}"`, `1:${there + 1}"`);
    writeFileSync(join(folder, 'served/leaves/moved.conf'), moved);
    const leaf = await startNats(join(folder, 'served/leaves'), 'moved.conf', there);
    try {
      const kept = await aggregator.get('head');
      const one = Uint8Array.of(1);
      if (kept === undefined) await aggregator.put('head', one, 0);
      const c = await openNats({ ...optionsOf('leaves/ward/c'), servers: `nats://127.0.0.1:${there}` });
      opened.push(c);
      expect((await c.get('head'))?.value).toEqual(kept?.value ?? one);
      expect(await c.put('updates/1/c', one, 0)).toBeGreaterThan(0);
      await c.putObject('updates/1/c/x', new Uint8Array(200_000));
      expect((await aggregator.getObject('updates/1/c/x', 1e6))?.length).toBe(200_000);
      await expect(c.put('updates/1/a', one, 0)).rejects.toMatchObject({ code: 'permission-denied' });
      await expect(c.put('head', one, 1)).rejects.toMatchObject({ code: 'permission-denied' });
    } finally {
      await leaf.kill();
    }
  });
});
