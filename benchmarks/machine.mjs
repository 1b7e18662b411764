import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** How a result file names its machine: processor, cores, and the width of its vectors (WebAssembly always uses 128 bits). */
export function machineName() {
  const bits = vectorBits();
  return `${cpus()[0].model}, ${cpus().length} cores${bits === undefined ? '' : `, ${bits}-bit vectors`}`;
}

/** undefined where the system does not say. */
function vectorBits() {
  let flags;
  try {
    flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' '));
  } catch {
    return undefined;
  }
  if (flags.has('avx512f')) return 512;
  if (flags.has('avx2')) return 256;
  return flags.has('sse2') || flags.has('asimd') ? 128 : undefined;
}
