/** Reads word `index` of a kernel's argument block. */
@inline
export function arg(args: usize, index: i32): i32 {
  return load<i32>(args + (<usize>index << 2));
}
