import asc from 'assemblyscript/asc';

/** The module that measures a core's peak, as bytes. */
export async function compileFmaPeak(level) {
  const features = level === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd'];
  let bytes;
  const { error, stderr } = await asc.main(
    [
      'benchmarks/fmaPeak/index.ts',
      '--outFile',
      'fmaPeak.wasm',
      ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      ...features.flatMap((name) => ['--enable', name]),
    ],
    {
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) bytes = contents;
      },
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return bytes;
}
