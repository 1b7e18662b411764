import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Files, runLine } from '../commandCases.ts';

const text = (files: Files, path: string) => new TextDecoder().decode(files[path]);
const json = (files: Files, path: string) => JSON.parse(text(files, path));
const line = (...more: string[]) => ['federate', 'nats', '--config', 'served', '--federation', 'digits', ...more];

describe('the files', () => {
  test('name every user with what it may do, and hold no secret where others read', async () => {
    const files: Files = {};
    const { code, out, error } = await runLine(line('--device', 'phone', '--device', 'tablet'), files);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(Object.keys(files).sort()).toEqual(
      [
        'accounts.conf',
        'aggregators/aggregator.json',
        'devices/phone.json',
        'devices/tablet.json',
        'passwords.json',
        'server.conf',
      ].map((name) => `served/${name}`),
    );
    expect(out).toContain('nats-server -c server.conf');
    const { seed, ...phone } = json(files, 'served/devices/phone.json');
    expect(phone).toEqual({
      servers: ['nats://localhost:4222', 'ws://localhost:4223'],
      federation: 'digits',
      user: 'phone',
      device: true,
    });
    expect(text(files, 'served/accounts.conf')).not.toContain(seed);
    expect(text(files, 'served/accounts.conf')).not.toMatch(/\bSU[A-Z0-9]{56}\b/);
    expect(text(files, 'served/server.conf')).toContain('listen: "127.0.0.1:4222"');
  });

  test('keep the keys that are there when devices are added', async () => {
    const files: Files = {};
    await runLine(line('--device', 'phone', '--leaf', 'ward=bed-1'), files);
    const [phone, passwords] = [text(files, 'served/devices/phone.json'), text(files, 'served/passwords.json')];
    await runLine(line('--device', 'tablet'), files);
    expect(text(files, 'served/devices/phone.json')).toBe(phone);
    expect(text(files, 'served/passwords.json')).toBe(passwords);
    const accounts = text(files, 'served/accounts.conf');
    for (const name of ['phone', 'tablet', 'aggregator']) expect(accounts).toContain(`# ${name}\n`);
    files['served/devices/phone.json'] = new TextEncoder().encode('{"seed":"SUx"}');
    expect(await runLine(line(), files)).toMatchObject({ code: 2, error: expect.stringContaining('damaged') });
  });

  test('of a cluster and leaf nodes have their certificates, routes and passwords', async () => {
    const files: Files = {};
    const hosts = ['a.example', 'b.example', 'c.example'];
    const tls = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem', '--tls-ca', 'ca.pem'];
    const given = [
      ...hosts.flatMap((host) => ['--host', host]),
      ...tls,
      '--leaf',
      'ward=phone',
      '--origin',
      'https://app.example',
    ];
    expect(await runLine(line('--device', 'phone', ...given), files)).toMatchObject({ code: 0 });
    const { members, leaves } = json(files, 'served/passwords.json');
    for (const i of [1, 2, 3]) {
      const server = text(files, `served/server-${i}.conf`);
      for (const host of hosts) expect(server).toContain(`"nats-route://members:${members}@${host}:4224"`);
      expect(server).toContain('verify: true');
      expect(server).toContain('allowed_origins: ["https://app.example"]');
      expect(server).toContain(`{ user: "ward.phone", password: "${leaves.ward.password}", account: "DEVICE_phone" }`);
    }
    expect(text(files, 'served/leaves/ward.conf')).toContain(`tls://ward.phone:${leaves.ward.password}@b.example:4225`);
    expect(json(files, 'served/devices/phone.json').servers).toContain('wss://c.example:4223');
  });

  test.each([
    [['federate'], 'federate simulate|nats'],
    [['federate', 'server'], 'federate simulate|nats'],
    [['federate', 'nats'], '--config DIR'],
    [line('--host', 'nats.example'), 'without encryption'],
    [line('--host', 'nats.example', '--tls-cert', 'a'), '--tls-key'],
    [line('--host', 'x"; evil'), 'no host'],
    [line('--host', 'localhost', '--host', 'localhost'), 'twice'],
    [line('--device', 'a.b'), '"a.b"'],
    [line('--device', 'a', '--aggregator', 'a'), 'another name'],
    [line('--port', '70000'), '--port'],
    [line('--leaf', 'ward'), 'NAME=DEVICE'],
    [['federate', 'nats', '--config', 'x', '--federation', 'a>'], '"a>"'],
  ])('%j is refused', async (args, said) => {
    const files: Files = {};
    expect(await runLine(args, files)).toMatchObject({ code: 2, error: expect.stringContaining(said) });
    expect(files).toEqual({});
  });
});

test('the commands of the guide work, one after the other', async () => {
  const guide = readFileSync(new URL('../../../docs/guide/federate-server.md', import.meta.url), 'utf8');
  const lines = [...guide.matchAll(/^npx limbeck (.*)$/gm)].map(([, words = '']) => words.split(' '));
  expect(lines.length).toBeGreaterThan(2);
  const files: Files = {};
  for (const words of lines) expect(await runLine(words, files)).toMatchObject({ code: 0, error: '' });
  const named = [
    ...guide.matchAll(/`(?:served\/)?((?:devices|aggregators|leaves)\/[\w./-]+\w|[\w-]+\.(?:conf|json))`/g),
  ];
  expect(named.length).toBeGreaterThan(4);
  for (const [, file = ''] of named) expect(Object.keys(files)).toContain(`served/${file}`);
});
