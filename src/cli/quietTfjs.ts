/**
 * Loads tfjs without the greeting and the advice that it prints in Node: a command prints what it has to say. With 'cpu'
 * it starts there, where shapes and a few weights are all that is asked of it.
 */
export async function quietTfjs(backend?: 'cpu'): Promise<void> {
  const tf = await import('../runtime/tf.ts');
  tf.env().set('PROD', true);
  if (backend !== undefined) await tf.setBackend(backend);
}
