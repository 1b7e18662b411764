/** A WAV file whose samples can be read in parts. */
export interface Wav {
  readonly sampleRate: number;
  readonly length: number;
  /** The first `count` samples, in −1…1, as the mean of all channels. */
  readMono(count: number): Float32Array;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
/** No recorder exceeds this; a broken header may, and would need a resampler of gigabytes. */
const MAX_RATE = 384_000;

/**
 * Reads the header of a WAV file of plain samples; undefined for anything else.
 * Units     8 (unsigned), 16, 24 or 32 bits, floats of 32 or 64 bits; any number of channels
 * Source    Microsoft and IBM 1991, Multimedia Programming Interface and Data Specifications; WAVEFORMATEXTENSIBLE
 */
export function parseWav(buffer: ArrayBuffer): Wav | undefined {
  const view = new DataView(buffer);
  if (view.byteLength < 12 || textAt(view, 0) !== 'RIFF' || textAt(view, 8) !== 'WAVE') return undefined;
  const chunks = chunksOf(view);
  const format = chunks.get('fmt ');
  const data = chunks.get('data');
  if (format === undefined || data === undefined || format.bytes < 16) return undefined;
  const tag = view.getUint16(format.at, true);
  const isExtensible = tag === EXTENSIBLE && format.bytes >= 26;
  const channels = view.getUint16(format.at + 2, true);
  const sampleRate = view.getUint32(format.at + 4, true);
  // 20 bits are stored in the upper bits of 24.
  const frameBytes = view.getUint16(format.at + 12, true);
  const sampleBytes = frameBytes / channels;
  const read = sampleReader(isExtensible ? view.getUint16(format.at + 24, true) : tag, sampleBytes);
  if (read === undefined || sampleRate < 1 || sampleRate > MAX_RATE) return undefined;
  const length = Math.floor(data.bytes / frameBytes);

  function readMono(count: number): Float32Array {
    const out = new Float32Array(Math.min(count, length));
    let at = (data as Chunk).at;
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let c = 0; c < channels; c++, at += sampleBytes) sum += (read as SampleReader)(view, at);
      out[i] = sum / channels;
    }
    return out;
  }

  return { sampleRate, length, readMono };
}

type SampleReader = (view: DataView, at: number) => number;

function sampleReader(tag: number, bytes: number): SampleReader | undefined {
  if (tag === FLOAT && bytes === 4) return (view, at) => view.getFloat32(at, true);
  if (tag === FLOAT && bytes === 8) return (view, at) => view.getFloat64(at, true);
  if (tag !== PCM) return undefined;
  if (bytes === 1) return (view, at) => (view.getUint8(at) - 128) / 0x80;
  if (bytes === 2) return (view, at) => view.getInt16(at, true) / 0x8000;
  if (bytes === 3) return (view, at) => (view.getUint8(at) + (view.getInt16(at + 1, true) << 8)) / 0x800000;
  return bytes === 4 ? (view, at) => view.getInt32(at, true) / 0x80000000 : undefined;
}

interface Chunk {
  readonly at: number;
  readonly bytes: number;
}

/** The first chunk of each name. A file written while recording may give too large a length, or none. */
function chunksOf(view: DataView): Map<string, Chunk> {
  const chunks = new Map<string, Chunk>();
  let at = 12;
  while (at + 8 <= view.byteLength) {
    const name = textAt(view, at);
    const said = view.getUint32(at + 4, true);
    at += 8;
    const rest = view.byteLength - at;
    const bytes = name === 'data' && said === 0 ? rest : Math.min(said, rest);
    if (!chunks.has(name)) chunks.set(name, { at, bytes });
    at += bytes + (bytes % 2);
  }
  return chunks;
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
