import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectNats } from './connectNats.ts';
import { plainNats, type RunningNats, withoutNats } from './natsCases.ts';
import { entryStream, entrySubject } from './natsNames.ts';
import { openStreams, type StreamOptions } from './natsStreams.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe.skipIf(withoutNats !== undefined)('the streams of a federation', () => {
  let server: RunningNats & { remove(): Promise<void> };
  beforeAll(async () => {
    server = await plainNats();
  });
  afterAll(() => server?.remove());

  /** `afterRequest` is called when a request was answered, and may throw in place of the answer. */
  async function open(federation: string, afterRequest: (subject: string) => Promise<void> = async () => undefined) {
    const connection = await connectNats({ servers: `nats://127.0.0.1:${server.port}` });
    const over = new AbortController();
    const request = connection.request.bind(connection);
    connection.request = async (subject, ...rest) => {
      const answer = await request(subject, ...rest);
      await afterRequest(subject);
      return answer;
    };
    const options: StreamOptions = {
      ...{ federation, device: false, domain: undefined, replicas: 1, patienceMs: 20_000, signal: over.signal },
    };
    const streams = await openStreams(connection, options);
    const close = async () => {
      over.abort();
      await connection.close();
    };
    return { streams, [Symbol.asyncDispose]: close };
  }

  test('a write whose answer is lost is known as made, also when others wrote after it and the server began anew', async () => {
    const federation = 'lost-answers';
    const subject = entrySubject(federation, 'head');
    await using other = await open(federation);
    const first = (await other.streams.write(subject, bytes(1), { after: 0 })) as number;
    let isLost = false;
    let last = 0;
    await using own = await open(federation, async (asked) => {
      if (asked !== subject || isLost) return;
      isLost = true;
      const { sequence } = (await other.streams.last(entryStream(federation), subject)) as { sequence: number };
      last = sequence;
      for (let i = 0; i < 3; i++) last = (await other.streams.write(subject, bytes(3 + i), { after: last })) as number;
      await server.kill();
      await server.start();
      throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
    });
    const made = await own.streams.write(subject, bytes(2), { after: first });
    expect(isLost).toBe(true);
    expect(made).toBe(first + 1);
    expect((await own.streams.last(entryStream(federation), subject))?.sequence).toBe(last);
    // What somebody else has written since is no success.
    expect(await own.streams.write(subject, bytes(9), { after: first })).toBeUndefined();
  });
});
