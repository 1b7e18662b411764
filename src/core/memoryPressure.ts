type Relief = () => Promise<boolean>;

const reliefs = new Set<Relief>();

/**
 * Registers something that can be given up when memory is short; it returns true if there was something. The result
 * unregisters it.
 */
export function onMemoryPressure(relief: Relief): () => void {
  reliefs.add(relief);
  return () => reliefs.delete(relief);
}

/** Gives up what is only kept for speed; true if there was something, so that another try is worthwhile. */
export async function relieveMemory(): Promise<boolean> {
  const given = await Promise.all(Array.from(reliefs, (relief) => relief().catch(() => false)));
  return given.includes(true);
}
