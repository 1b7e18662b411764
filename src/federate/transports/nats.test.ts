import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import { transportContract } from '../cases/transportContract.ts';
import { freePorts, natsCluster, plainNats, type RunningNats, withoutNats } from '../nats/natsCases.ts';
import { entryStream, entrySubject } from '../nats/natsNames.ts';
import type { Entry, Transport } from '../transport.ts';
import { openNats } from './nats.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const bytes = (...values: number[]) => Uint8Array.from(values);
let federations = 0;
const another = () => `federation-${++federations}`;

describe.skipIf(withoutNats !== undefined)('on a server', () => {
  let server: RunningNats & { remove(): Promise<void> };
  const address = () => `nats://127.0.0.1:${server.port}`;
  const opened: Transport[] = [];
  const open = async (federation: string, patienceMs = 20_000) => {
    const end = await openNats({ servers: address(), federation, patienceMs });
    opened.push(end);
    return end;
  };
  beforeAll(async () => {
    server = await plainNats();
  });
  afterAll(async () => {
    for (const end of opened) await end[Symbol.asyncDispose]();
    await server?.remove();
  });

  test.each(transportContract)('$name', async ({ run }) => {
    const federation = another();
    await expect(run(() => open(federation))).resolves.toBeUndefined();
  });

  test('work that meets a server that has died waits for it, and a watch goes on', async () => {
    const end = await open(another());
    const revision = (await end.put('lease', bytes(1), 0)) as number;
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const key of end.watch('updates/', stop.signal)) seen.push(key);
    })();
    await server.kill();
    const writing = end.put('lease', bytes(2), revision);
    const storing = end.putObject('models/1/x', new Uint8Array(300_000).fill(5));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.start();
    const next = (await writing) as number;
    expect(next).toBeGreaterThan(revision);
    await storing;
    expect((await end.get('lease'))?.value).toEqual(bytes(2));
    expect((await end.getObject('models/1/x', 1e6))?.length).toBe(300_000);
    // The subscription comes back with the connection, which the answers above have used.
    await end.put('updates/1/a', bytes(1), 0);
    for (let i = 0; i < 200 && seen.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(seen).toContain('updates/1/a');
    stop.abort();
    await watching;
  });

  test('a server that stays away is an error after so long, and what waits is told when this end goes', async () => {
    const end = await open(another(), 2000);
    const other = await open(another());
    await server.kill();
    await expect(end.get('head')).rejects.toEqual(code('transport-failed'));
    const waiting = other.get('head');
    await other[Symbol.asyncDispose]();
    await expect(waiting).rejects.toEqual(code('disposed'));
    await server.start();
    expect(await end.get('head')).toBeUndefined();
  });

  test('a write whose answer was lost counts once when it is repeated', async () => {
    const federation = another();
    await open(federation);
    const { connect } = await import('@nats-io/transport-node');
    const { jetstream } = await import('@nats-io/jetstream');
    const connection = await connect({ servers: address() });
    const js = jetstream(connection);
    const again = () =>
      js.publish(entrySubject(federation, 'head'), bytes(1), { msgID: 'once', expect: { lastSubjectSequence: 0 } });
    const first = await again();
    expect(await again()).toMatchObject({ seq: first.seq, duplicate: true, stream: entryStream(federation) });
    await connection.close();
  });

  test('objects of others’ making that are not whole, or lie, are none', async () => {
    const federation = another();
    const end = await open(federation);
    await end.putObject('models/1/x', new Uint8Array(200_000).fill(3));
    const { connect } = await import('@nats-io/transport-node');
    const connection = await connect({ servers: address() });
    const manifest = `limbeck.${federation}.manifest.models.1.x`;
    const hash = 'a'.repeat(64);
    for (const text of [
      'x',
      'null',
      '[]',
      '{}',
      `{"bytes":-1,"sha256":"${hash}"}`,
      `{"bytes":1e300,"sha256":"${hash}"}`,
      '{"bytes":3,"sha256":"short"}',
      `{"bytes":3,"sha256":"${hash}"}`,
      '\u0000'.repeat(10),
    ]) {
      await connection.request(manifest, text);
      expect(await end.getObject('models/1/x', 1e9)).toBeUndefined();
    }
    await connection.request(`limbeck.${federation}.piece.models.1.x.${hash}.0`, bytes(1, 2, 3));
    await connection.request(manifest, `{"bytes":3,"sha256":"${hash}"}`);
    expect(await end.getObject('models/1/x', 1e9)).toBeUndefined();
    await connection.close();
  });
});

test('what nobody answers, and options of another form, are told at once', async () => {
  const [port] = await freePorts(1);
  const error = await openNats({ servers: `nats://me:secret@127.0.0.1:${port}`, federation: 'a' }).catch(
    (thrown) => thrown,
  );
  expect(error).toEqual(code('nats-unreachable'));
  expect(error.message).toContain(`127.0.0.1:${port}`);
  expect(error.message).not.toContain('secret');
  await expect(openNats({ servers: 'nats://127.0.0.1:1', federation: 'a b' })).rejects.toEqual(code('invalid-option'));
  await expect(openNats({ servers: 'nats://127.0.0.1:1' } as never)).rejects.toEqual(code('invalid-option'));
  await expect(openNats({ federation: 'a' } as never)).rejects.toEqual(code('invalid-option'));
});

test('a server that does not wait for a slow device is asked again, and says nothing of its credentials', async () => {
  let asked = 0;
  const impatient = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(`INFO ${JSON.stringify({ server_id: 'x', version: '2.10.0', headers: true, max_payload: 1e6 })}\r\n`);
    socket.once('data', () => {
      asked++;
      socket.end("-ERR 'Authentication Timeout'\r\n");
    });
  });
  await new Promise<void>((resolve) => impatient.listen(0, '127.0.0.1', resolve));
  const { port } = impatient.address() as { port: number };
  const error = await openNats({ servers: `nats://127.0.0.1:${port}`, federation: 'a', token: 'mine' }).catch(
    (thrown) => thrown,
  );
  impatient.close();
  expect(error).toMatchObject({ code: 'nats-unreachable', details: { refused: false } });
  expect(error.message).toContain('took too long');
  expect(asked).toBe(3);
});

// A cluster takes seconds to elect its leaders.
if (withoutNats === undefined && !isLong) {
  console.log('Tests with a NATS cluster are skipped: they take most of a minute; LIMBECK_SLOW=1 runs them.');
}
describe.skipIf(withoutNats !== undefined || !isLong)(
  'on a cluster of three servers, which npm run test:long starts',
  () => {
    let cluster: Awaited<ReturnType<typeof natsCluster>>;
    const opened: Transport[] = [];
    const open = async (federation: string) => {
      const end = await openNats({ servers: cluster.addresses, federation, replicas: 3, patienceMs: 60_000 });
      opened.push(end);
      return end;
    };
    beforeAll(async () => {
      cluster = await natsCluster();
    });
    afterAll(async () => {
      for (const end of opened) await end[Symbol.asyncDispose]();
      await cluster?.remove();
    });

    test.each(transportContract)('$name', async ({ run }) => {
      const federation = another();
      await expect(run(() => open(federation))).resolves.toBeUndefined();
    });

    test('three clients count while one server after the other is killed: no step is lost, and none counts twice', async () => {
      const federation = another();
      const ends = [await open(federation), await open(federation), await open(federation)];
      let isOver = false;
      let made = 0;
      const counting = ends.map(async (end, i) => {
        while (!isOver) {
          const kept = await end.get('head');
          const next = new DataView(new ArrayBuffer(8));
          next.setUint32(0, kept === undefined ? 1 : new DataView(kept.value.buffer).getUint32(0) + 1);
          next.setUint32(4, i);
          if ((await end.put('head', new Uint8Array(next.buffer), kept?.revision ?? 0)) !== undefined) made++;
          await end.putObject(`updates/1/client-${i}/x`, new Uint8Array(next.buffer));
        }
      });
      for (const server of cluster.servers) {
        await server.kill();
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await server.start();
        await new Promise((resolve) => setTimeout(resolve, 3000));
      }
      isOver = true;
      await Promise.all(counting);
      const { value } = (await (ends[0] as Transport).get('head')) as Entry;
      expect(made).toBeGreaterThan(20);
      expect(new DataView(value.buffer).getUint32(0)).toBe(made);
      for (const [i, end] of ends.entries())
        expect((await end.getObject(`updates/1/client-${i}/x`, 8))?.length).toBe(8);
    });
  },
);
