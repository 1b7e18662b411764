import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve } from './serve.mjs';

let folder: string;
let server: { url: string; close(): Promise<unknown> };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
  const site = join(folder, 'site');
  await mkdir(join(site, 'sub'), { recursive: true });
  await mkdir(join(folder, 'site-old'));
  const secrets = ['secret.txt', 'site-old/secret.txt', 'index.html'];
  for (const name of secrets) await writeFile(join(folder, name), 'secret');
  for (const name of ['a b.txt', 'index.html', 'sub/index.html']) await writeFile(join(site, name), `page ${name}`);
  await symlink('../secret.txt', join(site, 'link.txt'));
  await symlink('../index.html', join(site, 'page.html'));
  await symlink('..', join(site, 'up'));
  await symlink('a b.txt', join(site, 'inside.txt'));
  // An address in a header, as the tests of caches give it.
  const headers = (pathname: string) => ({ 'x-path': pathname });
  server = await serve(site, { headers, extra: { '/made': { type: 'text/plain', body: 'made' } } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Asks with exactly this line, which fetch would mend; gives status and answer. */
function ask(target: string, ...headers: string[]): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (part) => {
      answer += part.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = answer.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), body: rest.join('\r\n\r\n') });
    });
    socket.write([`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'), 'latin1');
  });
}

describe('the server of the demo and of the tests', () => {
  test.each([
    ['/', 'page index.html'],
    ['/sub/', 'page sub/index.html'],
    ['/a%20b.txt?x=//y', 'page a b.txt'],
    ['/inside.txt', 'page a b.txt'],
    ['/made', 'made'],
  ])('serves %s', async (target, body) => {
    expect(await ask(target)).toEqual({ status: 200, body: expect.stringContaining(body) });
  });

  test.each([
    ['//', 400],
    ['///', 400],
    ['//host/x', 400],
    ['/\\host', 400],
    ['http://host/', 400],
    ['*', 400],
    ['/%', 400],
    ['/%zz', 400],
    ['/%ff', 400],
    ['/%00', 400],
    ['/a%20b.txt%00.html', 400],
    ['/%0d%0ax-evil:1', 400],
    ['/%5c..%5csecret.txt', 400],
    ['/..%2fsecret.txt', 400],
    ['/%2e%2e%2fsecret.txt', 400],
    ['/sub%2f..%2f..%2fsecret.txt', 400],
    ['/../secret.txt', 404],
    ['/%2e%2e/secret.txt', 404],
    ['/.%2e/site-old/secret.txt', 404],
    ['/nothing', 404],
    ['/link.txt', 404],
    ['/page', 404],
    ['/page.html', 404],
    ['/up/secret.txt', 404],
    ['/up/', 404],
    ['/up', 404],
    ['/%F0%9F%99%82', 404],
  ])('answers %s with %i, and lives on', async (target, status) => {
    const { status: given, body } = await ask(target);
    expect({ target, status: given }).toEqual({ target, status });
    expect(body).not.toContain('secret');
    expect((await ask('/made')).status).toBe(200);
  });

  test.each([
    ['bytes=5-', 206, 'a b.txt'],
    ['bytes=0-3', 206, 'page'],
    ['bytes=99-', 416, ''],
    ['bytes=5-2', 200, 'page a b.txt'],
    ['bytes=a-b', 200, 'page a b.txt'],
    ['bytes=-', 200, 'page a b.txt'],
    ['x', 200, 'page a b.txt'],
  ])('answers the range %s with %i', async (range, status, body) => {
    expect(await ask('/a%20b.txt', `Range: ${range}`)).toEqual({ status, body });
  });
});
