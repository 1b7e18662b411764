type Relief = () => Promise<boolean>;

const reliefs = new Set<Relief>();

/** Names what can be given up where memory is short; it gives true where something was. The result takes it back. */
export function onMemoryPressure(relief: Relief): () => void {
  reliefs.add(relief);
  return () => reliefs.delete(relief);
}

/** Gives up what is only kept to be fast; true where there was something, so that another try is worth it. */
export async function relieveMemory(): Promise<boolean> {
  const given = await Promise.all(Array.from(reliefs, (relief) => relief().catch(() => false)));
  return given.includes(true);
}
