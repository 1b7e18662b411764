// What the caller's request carries reaches no other server, in a real browser: three origins, of the page, of the model and
// of somebody else.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from './fixtures.ts';

type Run = typeof import('limbeck/run');
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that every page may read; it tells what it was asked. */
async function openServer(answer: Answer) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'authorization, x-api-key');
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a key stays with the server that it is for', async ({ page, serveDist }) => {
  await using other = await openServer((_, response) => response.end('not a model'));
  await using home = await openServer(({ url }, response) => {
    if (url?.startsWith('/moved')) response.writeHead(302, { location: `${other.url}/moved` }).end();
    else {
      const weightsManifest = [{ paths: [`${other.url}/w.bin`], weights: [] }];
      response.end(JSON.stringify({ modelTopology: {}, weightsManifest }));
    }
  });
  await page.goto(`${await serveDist({ isIsolated: false })}/empty.html`);
  const load = (address: string, headers: Record<string, string>) =>
    page.evaluate(
      async ([script, url, given]) => {
        const { loadStudent } = (await import(script)) as Run;
        try {
          await loadStudent(new Request(url, { headers: given }));
          return 'loaded';
        } catch (error) {
          return (error as Error).message;
        }
      },
      ['/run.js', address, headers] as const,
    );

  expect(await load(`${home.url}/model.json?sig=1`, { authorization: 'Bearer secret', 'x-api-key': 'secret' })).toMatch(
    /must be the path of a file in its folder/,
  );
  expect(await load(`${home.url}/moved?sig=1`, { 'x-api-key': 'secret' })).toMatch(/sent its request on/);
  expect(other.requests).toEqual([]);

  // Of a header that the browser takes away itself the rest is followed.
  expect(await load(`${home.url}/moved?sig=1`, { authorization: 'Bearer secret' })).toMatch(/no ONNX|could not be/);
  expect(home.requests.at(-1)?.headers.authorization).toBe('Bearer secret');
  expect(other.requests.map(({ method }) => method)).toContain('GET');
  for (const { headers, url } of other.requests) expect(JSON.stringify([url, headers])).not.toMatch(/secret|sig=1/);
});
