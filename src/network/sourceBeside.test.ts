import { describe, expect, test } from 'vitest';
import { sourceBeside } from './sourceBeside.ts';

describe('sourceBeside', () => {
  test.each([
    ['w.bin', 'https://a.example/m/model.onnx', 'https://a.example/m/w.bin'],
    ['w.bin', 'https://a.example/m/model.onnx?sig=1&b#part', 'https://a.example/m/w.bin?sig=1&b'],
    ['./sub/w.bin', 'https://a.example/model.onnx', 'https://a.example/sub/w.bin'],
    ['w.bin', 'https://a.example', 'https://a.example/w.bin'],
    ['w.bin', 'https://a.example/m/', 'https://a.example/m/w.bin'],
    ['w.bin', 'https://a.example/..%2fx/model.onnx', 'https://a.example/..%2fx/w.bin'],
    ['a#b?c %2e.bin', 'https://a.example/m/model.onnx', 'https://a.example/m/a%23b%3Fc%20%252e.bin'],
    ['%2e%2e', 'https://a.example/m/model.onnx', 'https://a.example/m/%252e%252e'],
    ['%2e%2e%2fx', 'https://a.example/m/model.onnx', 'https://a.example/m/%252e%252e%252fx'],
    ['@host', 'https://u:p@a.example/m/model.onnx', 'https://u:p@a.example/m/%40host'],
    ['w.bin', 'chrome-extension://abc/m/model.json', 'chrome-extension://abc/m/w.bin'],
  ])('%s of %s', (path, source, expected) => {
    expect(sourceBeside(path, source)).toBe(expected);
    expect(sourceBeside(path, new URL(source))).toBe(expected);
  });

  test.each(['../w.bin', '//host/w.bin', '/w.bin', 'http://host/w.bin', '\\\\host\\w', 'a/../../w', 'data:,x'])(
    'makes no address of %j',
    (path) => {
      expect(() => sourceBeside(path, 'https://a.example/m/model.onnx')).toThrow(
        expect.objectContaining({ code: 'model-unreachable' }),
      );
    },
  );

  test.each(['blob:https://a.example/1', 'data:application/json,{}'])('finds no folder at %s', (source) => {
    expect(() => sourceBeside('w.bin', source)).toThrow(expect.objectContaining({ code: 'model-unreachable' }));
  });

  test('asks as the Request asked, but for no body and no hash, which are those of its file', () => {
    const request = new Request('https://a.example/m/model.json?sig=1', {
      method: 'POST',
      body: 'x',
      headers: { 'x-key': 'secret' },
      credentials: 'include',
      integrity: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    });
    const { url, method, headers, credentials, integrity } = sourceBeside('w.bin', request) as Request;
    expect({ url, method, credentials, integrity, key: headers.get('x-key') }).toEqual({
      url: 'https://a.example/m/w.bin?sig=1',
      method: 'GET',
      credentials: 'include',
      integrity: '',
      key: 'secret',
    });
  });
});
