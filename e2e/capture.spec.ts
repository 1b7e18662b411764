// Camera and microphone as sources of the Distil page, with Chromium's own fake devices, which play files that are written here.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';
import { isLong } from '../scripts/isLong.mjs';
import { collectErrors, demoResult, expect, test } from './fixtures.ts';
import { linearModel } from './longModel.ts';
import { wavOf } from './wav.ts';

/** Pictures [3, 8, 8] in, five classes out. */
const PICTURES = new URL('../src/export/quantize/golden/image.onnx', import.meta.url);
const FAKE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

let folder = '';
let browser: Browser | undefined;
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-capture-'));
  await writeFile(join(folder, 'camera.y4m'), colours());
  await writeFile(join(folder, 'microphone.wav'), tones());
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));
test.afterEach(async () => {
  await browser?.close();
  browser = undefined;
});

/** The Distil page in a browser with these devices. Every track that it gets is kept for `tracksOf`. */
async function openPage(url: string, args: readonly string[]): Promise<Page> {
  browser = await chromium.launch({ executablePath: ensureChromium(), args: [...CHROMIUM_ARGS, ...args] });
  const page = await browser.newPage();
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const given: MediaStreamTrack[] = [];
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      given.push(...stream.getTracks());
      return stream;
    };
    const { decodeAudioData } = BaseAudioContext.prototype;
    const heard: number[] = [];
    BaseAudioContext.prototype.decodeAudioData = async function (bytes) {
      const sound = await decodeAudioData.call(this, bytes);
      heard.push(sound.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0));
      return sound;
    };
    Object.assign(window, { given, heard });
  });
  await page.goto(`${url}/demo/`);
  return page;
}

const tracksOf = (page: Page) =>
  page.evaluate(() => (window as unknown as { given: MediaStreamTrack[] }).given.map(({ readyState }) => readyState));

/** As when a device is unplugged: the track ends, and tells. */
const unplug = (page: Page) =>
  page.evaluate(() => {
    for (const track of (window as unknown as { given: MediaStreamTrack[] }).given) {
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }
  });

async function giveTeacher(page: Page, buffer: Buffer): Promise<void> {
  await page.getByRole('radio', { name: /^An ONNX file of yours/ }).check();
  await page.locator('#teacher-file').setInputFiles({ name: 'teacher.onnx', mimeType: '', buffer });
}

const openCamera = async (page: Page) => {
  await giveTeacher(page, await readFile(PICTURES));
  await page.getByRole('radio', { name: /^Camera/ }).check();
  await page.getByRole('button', { name: 'Open the camera' }).click();
};
const openMicrophone = async (page: Page) => {
  await giveTeacher(page, soundTeacher());
  await expect(page.getByRole('radio', { name: /^Microphone/ })).toBeChecked();
  await page.getByRole('button', { name: 'Record' }).click();
};

async function start(page: Page) {
  await page.locator('#epochs').fill('2');
  await page.locator('#start').click();
}

test('pictures of the camera become examples, a run learns from them, and the camera is off meanwhile', async ({
  serveDist,
}) => {
  test.skip(!isLong, 'It learns from a camera for a quarter of a minute; LIMBECK_SLOW=1 runs it.');
  const page = await openPage(await serveDist(), [
    ...FAKE,
    `--use-file-for-fake-video-capture=${join(folder, 'camera.y4m')}`,
  ]);
  const errors = collectErrors(page);
  await openCamera(page);
  await expect(page.locator('video')).toBeVisible();
  await expect.poll(() => page.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth)).toBe(WIDTH);
  await page.getByRole('button', { name: 'Take one' }).click();
  await expect(page.locator('#data')).toContainText('1 picture taken');
  await page.getByRole('button', { name: 'Take many' }).click();
  await expect(page.locator('#data')).toContainText(/(1[2-9]|[2-9]\d) pictures taken/);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Take many' })).toBeVisible();
  expect(await tracksOf(page)).toEqual(['live']);
  await start(page);
  const { state, error } = await demoResult(page);
  expect(error).toBeUndefined();
  expect(state).toBe('done');
  expect(await tracksOf(page), 'nothing is filmed while a run learns').toEqual(['ended']);
  const report = await page.evaluate(
    () => (window as unknown as { limbeckDemo: { result: { report: unknown } } }).limbeckDemo.result.report,
  );
  expect(report).toMatchObject({ noun: 'picture', epochs: [{ epoch: 1 }, { epoch: 2 }] });
  const { learned, heldOut } = (report as { examples: { learned: number; heldOut: number } }).examples;
  expect(learned + heldOut).toBeGreaterThanOrEqual(12);
  expect(errors).toEqual([]);
});

test('what the camera took stays when it is closed, unplugged, or opened again; leaving it lets go of it', async ({
  serveDist,
}) => {
  const page = await openPage(await serveDist(), [
    ...FAKE,
    `--use-file-for-fake-video-capture=${join(folder, 'camera.y4m')}`,
  ]);
  await openCamera(page);
  const colour = () =>
    page.locator('video').evaluate((video: HTMLVideoElement) => {
      const context = new OffscreenCanvas(1, 1).getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.drawImage(video, 0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].join();
    });
  const seen = new Set<string>();
  await expect.poll(async () => seen.add(await colour()).size, 'it plays the file').toBeGreaterThan(3);
  await page.getByRole('button', { name: 'Take one' }).click();
  await page.getByRole('button', { name: 'Close it' }).click();
  await expect(page.locator('video')).toBeHidden();
  expect(await tracksOf(page)).toEqual(['ended']);
  await page.getByRole('button', { name: 'Open the camera' }).click();
  await page.getByRole('button', { name: 'Take many' }).click();
  await expect(page.locator('#data')).toContainText(/([3-9]|\d\d) pictures taken/);
  await unplug(page);
  await expect(page.locator('#data [role=alert]')).toContainText(
    /The camera is gone.*What was taken stays: \d+ pictures/,
  );
  await expect(page.locator('#data')).toContainText(/([3-9]|\d\d) pictures taken/);
  await expect(page.getByRole('button', { name: 'Take many' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Open the camera' }).click();
  await expect(page.locator('#data [role=alert]')).toHaveCount(0);
  await expect(page.locator('video')).toBeVisible();
  await page.getByRole('radio', { name: /^Digits/ }).check();
  await expect.poll(() => tracksOf(page)).toEqual(['ended', 'ended', 'ended']);
  await page.getByRole('radio', { name: /^Camera/ }).check();
  await expect(page.locator('#data')).toContainText(/([3-9]|\d\d) pictures taken/);
});

test('a camera that opens after its panel has gone is let go at once', async ({ serveDist }) => {
  const page = await openPage(await serveDist(), FAKE);
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    const asked = new Promise((resolve) => Object.assign(window, { allow: resolve }));
    mediaDevices.getUserMedia = async (wanted) => {
      await asked;
      return ask(wanted);
    };
  });
  await openCamera(page);
  await expect(page.getByRole('button', { name: 'Waiting for the camera…' })).toBeDisabled();
  await page.getByRole('radio', { name: /^Digits/ }).check();
  await page.evaluate(() => (window as unknown as { allow(): void }).allow());
  await expect.poll(() => tracksOf(page)).toEqual(['ended']);
});

test('what the microphone hears becomes clips, a run learns from them, and stopping lets go of it', async ({
  serveDist,
}) => {
  test.skip(!isLong, 'It listens and learns for half a minute; LIMBECK_SLOW=1 runs it.');
  const page = await openPage(await serveDist(), [
    ...FAKE,
    `--use-file-for-fake-audio-capture=${join(folder, 'microphone.wav')}`,
  ]);
  const errors = collectErrors(page);
  await openMicrophone(page);
  await expect(page.locator('#data')).toContainText('Recording…');
  await expect.poll(() => tracksOf(page)).toEqual(['live']);
  // Longer than a dozen clips.
  await expect(page.locator('#data .elapsed')).toHaveText(/^([4-9]|\d\d)\ss$/);
  await page.getByRole('button', { name: 'Stop recording' }).click();
  expect(await tracksOf(page)).toEqual(['ended']);
  await expect(page.locator('#data')).toContainText(/[1-9]\d clips of 300\sms/);
  const loudest = await page.evaluate(() => (window as unknown as { heard: number[] }).heard[0]);
  expect(loudest, 'the file’s tones').toBeGreaterThan(0.1);
  await start(page);
  const { state, error, report } = await demoResult(page);
  expect(error).toBeUndefined();
  expect(state).toBe('done');
  expect(report).toMatchObject({ noun: 'clip', teacher: { name: 'teacher.onnx' } });
  expect(errors).toEqual([]);
});

test('a microphone that vanishes leaves what it recorded', async ({ serveDist }) => {
  const page = await openPage(await serveDist(), [
    ...FAKE,
    `--use-file-for-fake-audio-capture=${join(folder, 'microphone.wav')}`,
  ]);
  await openMicrophone(page);
  await expect(page.locator('#data .elapsed')).toHaveText(/^([2-9]|\d\d)\ss$/);
  await unplug(page);
  await expect(page.locator('#data [role=alert]')).toContainText(
    /The microphone is gone.*What it recorded stays: ([2-9]|\d\d) clips/,
  );
  await expect(page.locator('#data')).toContainText(/([2-9]|\d\d) clips of 300\sms/);
  await expect(page.getByRole('button', { name: 'Record' })).toBeEnabled();
});

test.describe('a device that is refused or missing is told with what helps', () => {
  const cases = [
    [
      'refused',
      ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream=deny'],
      'Allow it beside the address',
    ],
    [
      'missing',
      ['--use-fake-device-for-media-stream=device-count=0', '--use-fake-ui-for-media-stream'],
      'Connect one and try again',
    ],
  ] as const;
  for (const [name, args, cure] of cases) {
    test(name, async ({ serveDist }) => {
      const page = await openPage(await serveDist(), args);
      await openCamera(page);
      await expect(page.locator('#data [role=alert]')).toContainText(cure);
      await expect(page.locator('#data [role=alert]')).toContainText('Or choose pictures instead.');
      await expect(page.getByRole('button', { name: 'Open the camera' })).toBeEnabled();
      if (name === 'missing') return;
      await page.getByRole('radio', { name: /^Digits/ }).check();
      await openMicrophone(page);
      await expect(page.locator('#data [role=alert]')).toContainText('This page may not use the microphone');
      await expect(page.locator('#data [role=alert]')).toContainText('Or choose sound files instead.');
    });
  }
});

const [WIDTH, HEIGHT, FRAMES] = [320, 240, 12];

/** A film of one colour a frame, as the planes Y, U and V. */
function colours(): Buffer {
  const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`)];
  for (let i = 0; i < FRAMES; i++) {
    const angle = (2 * Math.PI * i) / FRAMES;
    const plane = (pixels: number, value: number) => Buffer.alloc(pixels, Math.round(value));
    parts.push(Buffer.from('FRAME\n'), plane(WIDTH * HEIGHT, 90 + 10 * i));
    parts.push(
      plane((WIDTH * HEIGHT) / 4, 128 + 80 * Math.cos(angle)),
      plane((WIDTH * HEIGHT) / 4, 128 + 80 * Math.sin(angle)),
    );
  }
  return Buffer.concat(parts);
}

/** Four seconds of tones, half a second each, as WAV. */
function tones(): Buffer {
  const rate = 48_000;
  const sound = Float32Array.from({ length: 4 * rate }, (_, i) => {
    const pitch = 300 * (1 + Math.floor((2 * i) / rate));
    return (20_000 / 32_767) * Math.sin((2 * Math.PI * pitch * i) / rate);
  });
  return wavOf(sound, rate);
}

/** Sounds of 0.3 seconds in, four classes out. */
function soundTeacher(): Buffer {
  const [length, classes] = [4800, 4];
  const weights = Float32Array.from({ length: length * classes }, (_, i) => Math.sin(0.37 * i) / 20);
  return linearModel(length, classes, weights);
}
