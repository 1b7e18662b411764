import { cpSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

export default {
  name: 'next',
  title: 'Next.js (App Router, Turbopack)',
  async run({ copyProject, folder, bin, run, start, teacherFile, checkPages }) {
    copyProject('app', 'next');
    mkdirSync(join(folder, 'public'));
    cpSync(teacherFile, join(folder, 'public/teacher.onnx'));
    const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
    await run(bin('next'), ['build'], { env });
    const port = await freePort();
    const server = start(bin('next'), ['start', '-H', '127.0.0.1', '-p', String(port)], { env });
    const url = `http://127.0.0.1:${port}`;
    await untilAnswers(url, server);
    await checkPages(`${url}/isolated`, `${url}/`);
    return 'import it where the page has started, as in an effect';
  },
};

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilAnswers(url, { said, child }) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`next start ended:\n${said()}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
