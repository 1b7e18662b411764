// What an error of the network tells of an address: where the file lies, and nothing that could be a key.
import { describe, expect, test, vi } from 'vitest';
import { shownAddress } from './address.ts';
import { fetchFile } from './fetchFile.ts';
import { readResponse } from './readResponse.ts';
import { checkResponse, requestFile } from './requestFile.ts';
import { file, type Handler, serverForEach } from './serverCases.ts';
import { sourceBeside } from './sourceBeside.ts';

const home = serverForEach();
const bytes = Uint8Array.of(1, 2, 3);

test.each([
  ['https://me:s3cr3t@a.example/m/x.onnx?sig=s3cr3t#s3cr3t', 'https://a.example/m/x.onnx'],
  ['https://s3cr3t@a.example', 'https://a.example'],
  ['//me:s3cr3t@a.example/x?s3cr3t', '//a.example/x'],
  ['https:\\\\me:s3cr3t@a.example\\x', 'https:\\\\a.example\\x'],
  ['/m/x.onnx?sig=s3cr3t', '/m/x.onnx'],
  ['https://a.example/@me/x', 'https://a.example/@me/x'],
  ['data:application/octet-stream;base64,s3cr3t', 'data:…'],
  ['blob:https://a.example/1#s3cr3t', 'blob:https://a.example/1'],
  ['"model.onnx"', '"model.onnx"'],
])('%s is shown as %s', (address, shown) => expect(shownAddress(address)).toBe(shown));

const status =
  (code: number): Handler =>
  (_, response) =>
    response.writeHead(code, { 'content-type': 'text/plain' }).end();

const address = () => `${home.url}/m/x.onnx?sig=s3cr3t#s3cr3t`;

/** One way to fail each; the server's answer, where there is one, is for the address with its signature. */
const ways: Readonly<Record<string, () => unknown>> = {
  ...Object.fromEntries(
    [401, 404, 418, 500].map((code) => [
      `status ${code}`,
      () => {
        home.on('/m/x.onnx?sig=s3cr3t', status(code));
        return fetchFile(address());
      },
    ]),
  ),
  'a redirect that is not followed': () => {
    home.on('/m/x.onnx?sig=s3cr3t', (_, response) =>
      response.writeHead(302, { location: 'http://b.example/?s3cr3t' }).end(),
    );
    return fetchFile(new Request(address(), { headers: { 'x-api-key': 's3cr3t' } }));
  },
  'a web page': () => {
    home.on('/m/x.onnx?sig=s3cr3t', file(bytes, { 'content-type': 'text/html' }));
    return fetchFile(address());
  },
  'an answer that breaks off': () => {
    home.on('/m/x.onnx?sig=s3cr3t', (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write(bytes, () => response.destroy());
    });
    return fetchFile(address());
  },
  'fewer bytes than announced': () =>
    readResponse(new Response(bytes, { headers: { 'content-length': '9' } }), address(), {
      onProgress: () => undefined,
    }),
  'an answer that may not be read': () =>
    checkResponse({ type: 'opaque', status: 0, body: null } as Response, address()),
  'nobody who answers': async () => {
    const url = address();
    await home.close();
    return fetchFile(url);
  },
  'nobody who answers on another origin': async () => {
    vi.stubGlobal('location', new URL('https://page.example/?s3cr3t'));
    const url = address();
    await home.close();
    return fetchFile(url);
  },
  'a platform that names the address': () => {
    vi.stubGlobal('fetch', async (url: string) => Promise.reject(new TypeError(`Load failed: ${url}.`)));
    return fetchFile(address());
  },
  'a platform that names where it was sent': () => {
    vi.stubGlobal('fetch', async () =>
      Promise.reject(new TypeError('blocked: https://me:s3cr3t@b.example/y?s3cr3t, by CORS')),
    );
    return fetchFile(address());
  },
  'credentials in the address': () => fetchFile(address().replace('//', '//me:s3cr3t@')),
  'what is no address': () => requestFile('/m/x.onnx?sig=s3cr3t', '/m/x.onnx?sig=s3cr3t'),
  'a path that leads elsewhere': () => sourceBeside('../w.bin', address().replace('//', '//me:s3cr3t@')),
  'a source that lies in no folder': () => sourceBeside('x.onnx', 'data:application/json,s3cr3t'),
};

describe('an error does not tell the signature', () => {
  test.each(Object.keys(ways))('of %s', async (way) => {
    const error = await (async () => ways[way]?.())().then(
      () => expect.unreachable('it was loaded'),
      (thrown: Error & { details: object }) => thrown,
    );
    expect(error).toMatchObject({ code: 'model-unreachable' });
    expect(error.message).toMatch(/x\.onnx/);
    const told = [error.message, error.details, error.stack, String(error.cause), (error.cause as Error)?.stack];
    expect(JSON.stringify(told)).not.toContain('s3cr3t');
  });
});
