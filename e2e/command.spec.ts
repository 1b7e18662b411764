// The built command, as a shell starts it; and the small page that the package holds for `limbeck demo`.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brightSides, sidesTeacher } from '../src/cli/learnCases.ts';
import { collectErrors, expect, test } from './fixtures.ts';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
let folder = '';
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-command-'));
  const files = { 'teacher.onnx': sidesTeacher(), ...brightSides('photos', 60) };
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly out: string;
  readonly error: string;
}

function limbeck(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd: folder, env: { ...process.env, ...env } }, (failed, out, error) =>
      resolve({ code: failed === null ? 0 : failed.code, out, error }),
    );
  });
}

/** What a running command writes, until it matches. */
function heard(child: ChildProcess, stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    child[stream]?.on('data', (part: Buffer) => {
      text += part.toString();
      const found = pattern.exec(text);
      if (found !== null) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${text}`)));
  });
}

const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

test('a pipe gets plain text, and exit codes tell what happened', async () => {
  const shown = await limbeck(['inspect', 'teacher.onnx']);
  expect(shown).toMatchObject({ code: 0, error: '' });
  expect(shown.out).toMatch(/^teacher\.onnx\n/);
  expect(shown.out).not.toContain('\u001b');
  expect((await limbeck(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  expect((await limbeck(['inspect', 'photos/left/001.png'])).code).toBe(1);
  expect((await limbeck(['inspect'])).code).toBe(2);
  expect((await limbeck(['completion', 'fish'])).out).toMatch(/^complete -c limbeck/);
});

test('it distils, personalizes and runs, without any peer package', async () => {
  const distilled = await limbeck(['distill', '--data', 'photos', '-o', 'out', '--epochs', '3', 'teacher.onnx']);
  expect(distilled.code, distilled.error).toBe(0);
  expect(distilled.out).toMatch(/written {2}out\/student\.limbeck/);
  const own = await limbeck(['personalize', '--json', '--data', 'photos', '-o', 'own', 'out/student.limbeck']);
  expect(own.error).not.toMatch(/ERR_|Error:/);
  expect(JSON.parse(own.out).verdict.isAccepted).toBe(own.code === 0);
  expect((await limbeck(['inspect', 'out/student.limbeck'])).out).toMatch(/labels +bottom, left, top/);
});

test('Ctrl-C ends a run with 130 and keeps the student', async () => {
  const child = spawn(
    process.execPath,
    [cli, 'distill', '--data', 'photos', '-o', 'kept', '--epochs', '1000000', 'teacher.onnx'],
    { cwd: folder },
  );
  const end = ended(child);
  // Without a terminal a stage is told when it begins and when it ends: the first epochs are over by then.
  await heard(child, 'stderr', /^learn /m);
  child.kill('SIGINT');
  expect(await end).toBe(130);
  expect((await readFile(join(folder, 'kept/student.limbeck'))).length).toBeGreaterThan(1000);
});

test('demo serves its page to this machine alone, and the doctor finds nothing to change', async () => {
  const child = spawn(process.execPath, [cli, 'demo', '--port', '0'], { cwd: folder });
  const end = ended(child);
  const [, url = ''] = await heard(child, 'stdout', /is at (http:\S+) \(/);
  expect((await fetch(url)).headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  for (const path of ['..%2f..%2fpackage.json', '%2e%2e/package.json', 'none.js', '%00']) {
    expect([400, 404]).toContain((await fetch(url + path)).status);
  }
  const { out } = await limbeck(['doctor', '--no-browser', '--json', url]);
  const { findings } = JSON.parse(out) as { findings: { level: string; check: string; says: string }[] };
  expect(findings.filter(({ level }) => level === 'change')).toEqual([]);
  expect(findings).toContainEqual(expect.objectContaining({ level: 'ok', check: 'files' }));
  child.kill('SIGINT');
  expect(await end).toBe(0);
});

test('the doctor asks the Chromium that is here', async ({ serveDist, browserName }, { project }) => {
  const { executablePath = '' } = project.use.launchOptions ?? {};
  test.skip(executablePath === '' || browserName !== 'chromium', 'There is no Chromium of which the path is known.');
  const url = await serveDist();
  const { out } = await limbeck(['doctor', '--no-sandbox', '--json', `${url}/empty.html`], {
    CHROME_PATH: executablePath,
  });
  const said = (JSON.parse(out) as { findings: { check: string; says: string }[] }).findings.filter(
    ({ check }) => check === 'in Chromium',
  );
  expect(said.map(({ says }) => says)).toEqual([
    expect.stringMatching(/^WebAssembly compiles, (relaxed )?SIMD$/),
    expect.stringMatching(/^isolated: threads on \d+ cores?$/),
    expect.stringMatching(/^WebGPU/),
    expect.stringMatching(/of storage$/),
  ]);
});

test('bench measures in the Chromium that is here, which it ends', async ({ browserName }, { project }) => {
  const { executablePath = '' } = project.use.launchOptions ?? {};
  test.skip(executablePath === '' || browserName !== 'chromium', 'There is no Chromium of which the path is known.');
  const env = { CHROME_PATH: executablePath, TMPDIR: folder };
  const where = ['--browser', 'chromium', '--no-sandbox', '--backends', 'kernels:1,onnxruntime-wasm:1'];
  const { code, error } = await limbeck(
    ['bench', 'teacher.onnx', ...where, '--budget', '2s', '--json', 'bench.json'],
    env,
  );
  expect(code, error).toBe(0);
  const { environment, rows } = JSON.parse(await readFile(join(folder, 'bench.json'), 'utf8'));
  expect(environment).toMatchObject({ isIsolated: true, engine: expect.stringMatching(/^Chromium \d+$/) });
  expect(environment.vectorPeakGflops).toBeGreaterThan(0.1);
  expect(rows).toMatchObject([
    { backend: 'kernels', isRight: true },
    { backend: 'onnxruntime-wasm', isRight: true },
  ]);
  expect((await readdir(folder)).filter((name) => name.startsWith('limbeck-chromium-'))).toEqual([]);
});

test('the small page of the package teaches a student, under its own strict policy, and asks nobody else', async ({
  page,
  serveDist,
}) => {
  const url = await serveDist();
  const errors = collectErrors(page);
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1|data:|blob:)/.test(request.url())) elsewhere.push(request.url());
  });
  await page.goto(`${url}/page/index.html`);
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByRole('status')).toHaveText('Done.', { timeout: 120_000 });
  const right = await page.locator('#results tbody td:nth-of-type(1)').allTextContents();
  // A guess is right for a third.
  for (const text of right) expect(Number.parseFloat(text)).toBeGreaterThan(75);
  expect(right).toHaveLength(2);
  await expect(page.getByRole('link', { name: 'Download the student' })).toHaveAttribute('href', /^blob:/);
  expect(errors).toEqual([]);
  expect(elsewhere).toEqual([]);
});
