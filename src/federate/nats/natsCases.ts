// Real NATS servers for tests, each in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../../../scripts/ensure.mjs';

/** Why tests on real servers cannot run here; undefined if they can. */
export const withoutNats: string | undefined =
  findNatsServer() === undefined ? 'nats-server is not installed: apt-get install nats-server' : undefined;
if (withoutNats) console.log(`Tests with a NATS server are skipped: ${withoutNats}.`);

export interface RunningNats {
  readonly port: number;
  readonly folder: string;
  /** Ends it, at once and without a word, as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  return withListeners(
    Array.from({ length: count }, () => 0),
    async (ports) => ports,
  );
}

/** The first of some ports in a row that nobody listens on. */
export async function freeRow(count: number): Promise<number> {
  for (;;) {
    const [first = 0] = await freePorts(1);
    const row = Array.from({ length: count }, (_, i) => first + i);
    const isFree = await withListeners(row, async () => true).catch(() => false);
    if (isFree) return first;
  }
}

/** Does something while it listens on ports; 0 is any. */
async function withListeners<T>(ports: readonly number[], work: (ports: number[]) => Promise<T>): Promise<T> {
  const servers: Server[] = [];
  try {
    const found: number[] = [];
    for (const port of ports) {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      });
      servers.push(server);
      found.push((server.address() as { port: number }).port);
    }
    return await work(found);
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** A folder that is removed by the function. */
export function temporaryFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'limbeck-nats-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts a server on a file of its configuration in a folder; it is there when it answers on the port. */
export async function startNats(folder: string, file: string, port: number): Promise<RunningNats> {
  let child: ChildProcess | undefined;
  let said = '';
  const running: RunningNats = {
    port,
    folder,
    async start() {
      child = spawn(findNatsServer() as string, ['-c', file], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      child.stderr?.on('data', (text: Buffer) => {
        said = (said + String(text)).slice(-4000);
      });
      const over = new Promise<never>((_, reject) => {
        child?.once('error', reject);
        child?.once('exit', (code) => reject(new Error(`nats-server ended with ${code}: ${said}`)));
      });
      over.catch(() => undefined);
      const ready = async () => {
        while (!said.includes('Server is ready')) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      await Promise.race([ready(), over]);
    },
    async kill() {
      const ending = child;
      child = undefined;
      said = '';
      if (ending === undefined || ending.exitCode !== null) return;
      const gone = new Promise((resolve) => ending.once('exit', resolve));
      ending.kill('SIGKILL');
      await gone;
    },
  };
  await running.start();
  return running;
}

/** One server without users or permissions. */
export async function plainNats(): Promise<RunningNats & { remove(): Promise<void> }> {
  const { folder, remove } = temporaryFolder();
  const [port = 0] = await freePorts(1);
  writeFileSync(join(folder, 'plain.conf'), `listen: "127.0.0.1:${port}"\njetstream { store_dir: "store" }\n`);
  const server = await startNats(folder, 'plain.conf', port);
  return {
    ...server,
    async remove() {
      await server.kill();
      remove();
    },
  };
}

/** Three servers of one cluster without users. */
export async function natsCluster(): Promise<{
  readonly servers: readonly RunningNats[];
  readonly addresses: string[];
  remove(): Promise<void>;
}> {
  const { folder, remove } = temporaryFolder();
  const ports = await freePorts(6);
  const routes = ports.slice(3).map((port) => `"nats-route://127.0.0.1:${port}"`);
  const servers = await Promise.all(
    ports.slice(0, 3).map((port, i) => {
      const text = `server_name: "member-${i}"
listen: "127.0.0.1:${port}"
jetstream { store_dir: "store-${i}" }
cluster { name: "test", listen: "127.0.0.1:${ports[3 + i]}", routes: [${routes.join(', ')}] }
`;
      writeFileSync(join(folder, `member-${i}.conf`), text);
      return startNats(folder, `member-${i}.conf`, port);
    }),
  );
  return {
    servers,
    addresses: servers.map(({ port }) => `nats://127.0.0.1:${port}`),
    async remove() {
      await Promise.all(servers.map((server) => server.kill()));
      if (existsSync(folder)) remove();
    },
  };
}
