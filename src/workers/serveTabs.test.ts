import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeLocks } from '../core/locksCases.ts';
import { serveTabs } from './serveTabs.ts';

/** What the worker offers to tabs. */
interface Shared {
  readonly run: { open(file: string): Promise<string>; opened(): Promise<string | undefined> };
}

let locks: ReturnType<typeof makeLocks>;
/** A tab connects, and says this. */
let say: (data: unknown) => void;
let connect: (tab: object, lock: string) => void;
let shared: Shared;
const open = vi.fn(async (file: string) => `opened ${file}`);
const close = vi.fn();
const greet = vi.fn(async () => undefined);

beforeEach(() => {
  vi.clearAllMocks();
  locks = makeLocks();
  vi.stubGlobal('navigator', { locks: locks.of({}) });
  vi.stubGlobal('self', { name: 'model', close });
  let onConnect: (event: object) => void = () => undefined;
  vi.stubGlobal('addEventListener', (_: string, listener: typeof onConnect) => {
    onConnect = listener;
  });
  const offer = (api: object) => {
    shared = api as Shared;
  };
  serveTabs({ run: { open, close: vi.fn() } }, offer, greet);
  say = (data) => {
    const port = Object.assign(new EventTarget(), { close: vi.fn() });
    onConnect({ ports: [port] });
    port.dispatchEvent(new MessageEvent('message', { data }));
  };
  connect = (tab, lock) => {
    void locks.of(tab).request(lock, () => new Promise(() => undefined));
    say({ limbeck: 'join', lock });
  };
});
afterEach(() => vi.unstubAllGlobals());

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

test('the worker ends when the last tab has left, and not before', async () => {
  const [one, two] = [{}, {}];
  connect(one, 'one');
  connect(two, 'two');
  await settled();
  expect(greet).toHaveBeenCalledTimes(2);
  locks.release(one);
  await settled();
  expect(close).not.toHaveBeenCalled();
  locks.release(two);
  await settled();
  expect(close).toHaveBeenCalledOnce();
});

test('a tab that is about to join keeps it', async () => {
  const [one, two] = [{}, {}];
  connect(one, 'one');
  await settled();
  let joined: () => void = () => undefined;
  void locks.of(two).request('model', () => new Promise<void>((resolve) => (joined = resolve)));
  await settled();
  locks.release(one);
  await settled();
  connect(two, 'two');
  joined();
  await settled();
  expect(close).not.toHaveBeenCalled();
});

test('what is no joining is not counted, and nobody is greeted', async () => {
  for (const data of [undefined, null, 'join', { limbeck: 'join' }, { limbeck: 'leave', lock: 'one' }]) say(data);
  await settled();
  expect(greet).not.toHaveBeenCalled();
  connect({}, 'one');
  await settled();
  expect(greet).toHaveBeenCalledOnce();
});

test('the first tab opens the model, also if others ask meanwhile; one that does not open is tried again', async () => {
  open.mockRejectedValueOnce(new Error('broken'));
  connect({}, 'one');
  expect(await shared.run.opened()).toBeUndefined();
  await expect(shared.run.open('a')).rejects.toThrow('broken');
  expect(await Promise.all([shared.run.open('b'), shared.run.open('c'), shared.run.opened()])).toEqual([
    'opened b',
    'opened b',
    'opened b',
  ]);
  expect(open).toHaveBeenCalledTimes(2);
});
