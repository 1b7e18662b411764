/**
 * Loads tfjs without the greeting and advice that it prints in Node. With 'cpu' it starts on that backend, for commands that
 * only need shapes and a few weights.
 */
export async function quietTfjs(backend?: 'cpu'): Promise<void> {
  const tf = await import('../runtime/tf.ts');
  tf.env().set('PROD', true);
  if (backend !== undefined) await tf.setBackend(backend);
}
