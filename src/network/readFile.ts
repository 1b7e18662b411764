import { nodeModule } from '../core/node.ts';

/** A file of this machine as a server's answer, in Node. Throws what the file system throws. */
export async function responseOf(path: string): Promise<Response> {
  const files = nodeModule<typeof import('node:fs/promises')>('fs/promises');
  const streams = nodeModule<typeof import('node:stream')>('stream');
  if (files === undefined || streams === undefined) throw new Error('files can be read in Node only');
  const file = await files.open(path);
  const { size } = await file.stat();
  const body = streams.Readable.toWeb(file.createReadStream()) as unknown as ReadableStream<Uint8Array>;
  return new Response(body, { headers: { 'content-length': String(size) } });
}
