// Compiles the kernels, one binary a SIMD level, into dist/, and refuses a module that would touch tfjs's memory by itself;
// and what measures a core's peak, which works on no memory at all.
import { mkdir, readFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

const levels = { relaxed: ['simd', 'relaxed-simd'], simd: ['simd'] };
const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='];
const modules = {
  kernels: ['wasm/index.ts', '--enable', 'threads', '--importMemory', '--noExportMemory'],
  peak: ['wasm/peak/index.ts', '--noExportMemory'],
};
const out = process.argv[2] ?? 'dist';

/** Numbers of the sections of a WebAssembly binary, in order. */
export function sectionsOf(bytes) {
  const sections = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at++]);
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      more = byte > 127;
    }
    at += size;
  }
  return sections;
}

export function checkModule(bytes) {
  const sections = sectionsOf(bytes);
  const refused = { 5: 'its own memory', 8: 'a start function', 11: 'a data segment', 12: 'a data segment' };
  for (const section of sections) {
    if (refused[section]) throw new Error(`The kernels hold ${refused[section]}: it would overwrite tfjs's heap.`);
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await mkdir(out, { recursive: true });
  for (const [name, source] of Object.entries(modules)) {
    for (const [level, features] of Object.entries(levels)) {
      const file = `${out}/${name}-${level}.wasm`;
      const enabled = features.flatMap((feature) => ['--enable', feature]);
      const { error, stderr } = await asc.main([...source, '--outFile', file, ...flags, ...enabled]);
      if (error) {
        process.stderr.write(stderr.toString());
        throw error;
      }
      const bytes = await readFile(file);
      if (name === 'kernels') checkModule(bytes);
      console.log(`${file}  ${bytes.length} bytes`);
    }
  }
}
