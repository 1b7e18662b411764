import { describe, expect, test } from 'vitest';
import { fetchFile } from './fetchFile.ts';
import { file, serverForEach } from './serverCases.ts';

const [home, other] = [serverForEach(), serverForEach()];
const bytes = Uint8Array.of(1, 2, 3);

/** The first server sends on to an address. */
function sendOn(location: string, status = 302): void {
  home.on('/a?sig=1', (_request, response) => response.writeHead(status, { location }).end());
  home.on('/b', file(bytes));
  other.on('/b', file(bytes));
}

describe('where a server sends a request on', () => {
  const ask = (init: RequestInit = {}) => fetchFile(new Request(`${home.url}/a?sig=1`, init));

  test.each([301, 302, 303, 307, 308])(
    'to another origin (%i), a key of the caller does not go along',
    async (status) => {
      sendOn(`${other.url}/b`, status);
      await expect(ask({ headers: { 'x-api-key': 'secret' } })).rejects.toMatchObject({
        code: 'model-unreachable',
        message: expect.stringMatching(/sent its request on.*Give the final address/),
      });
      expect(other.requests).toEqual([]);
      expect(home.asked).toEqual(['GET /a?sig=1']);
    },
  );

  test('a body does not go along', async () => {
    sendOn(`${other.url}/b`, 307);
    await expect(ask({ method: 'POST', body: 'secret' })).rejects.toMatchObject({ code: 'model-unreachable' });
    expect(other.requests).toEqual([]);
  });

  test('Authorization and cookies are taken away, and what is left is followed, without address or signature', async () => {
    sendOn(`${other.url}/b`);
    expect(await ask({ headers: { authorization: 'Bearer secret', cookie: 'a=secret', accept: 'x/y' } })).toEqual(
      bytes,
    );
    const [{ headers } = { headers: {} }] = other.requests;
    expect(headers).toMatchObject({ accept: 'x/y' });
    expect(JSON.stringify(headers)).not.toMatch(/secret|sig=1/);
    expect(home.requests[0]?.headers.authorization).toBe('Bearer secret');
  });

  test('an address alone, and one on the same server, is followed', async () => {
    sendOn(`${other.url}/b`);
    expect(await fetchFile(`${home.url}/a?sig=1`)).toEqual(bytes);
    sendOn('/b');
    expect(await ask({ headers: { authorization: 'Bearer secret' } })).toEqual(bytes);
    expect(home.requests.at(-1)?.headers.authorization).toBe('Bearer secret');
  });

  test('a Request that wants no redirect gets none', async () => {
    sendOn('/b');
    await expect(ask({ redirect: 'error' })).rejects.toMatchObject({ code: 'model-unreachable' });
    await expect(ask({ redirect: 'manual' })).rejects.toMatchObject({ code: 'model-unreachable' });
    expect(home.asked).toEqual(['GET /a?sig=1', 'GET /a?sig=1']);
  });
});

test('an answer that breaks off is none, and one that is not waited for is let go', async () => {
  home.on('/torn', (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write(bytes, () => response.destroy());
  });
  await expect(fetchFile(`${home.url}/torn`)).rejects.toMatchObject({ code: 'model-unreachable' });
  const controller = new AbortController();
  home.on('/slow', (_, response) => {
    response.writeHead(200).write(bytes);
    setImmediate(() => controller.abort());
  });
  await expect(fetchFile(`${home.url}/slow`, controller)).rejects.toMatchObject({ name: 'AbortError' });
});

test('progress and a signal need not be given', async () => {
  home.on('/b', file(bytes));
  expect(await fetchFile(new URL(`${home.url}/b`))).toEqual(bytes);
  await expect(fetchFile(`${home.url}/b`, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  });
});
