/** Milliseconds of each of `repeats` passes, one after the other, after some that warm up and do not count. */
export async function timePasses(pass: () => Promise<unknown>, repeats: number, warmUps = 0): Promise<number[]> {
  for (let i = 0; i < warmUps; i++) await pass();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const startedAt = performance.now();
    await pass();
    times.push(performance.now() - startedAt);
  }
  return times;
}
