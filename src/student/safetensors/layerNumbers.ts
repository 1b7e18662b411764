/**
 * A name that tfjs generated: the class in two spellings, a number that counts all layers of the page, and the weight's
 * part.
 */
const MADE_UP = /^(?<snake>[a-z0-9_]+)_(?<type>[A-Z][A-Za-z0-9]*?)(?<number>\d+)\/(?<part>.+)$/;

/**
 * Names of weights that do not change each time a student is built: tfjs counts unnamed layers over the whole page, so
 * `dense_Dense11/kernel` may be the kernel of any dense layer. Here they are counted within the given names. Chosen
 * names stay as they are.
 */
export function countedAfresh(names: readonly string[]): string[] {
  const numbers = new Map<string, Set<number>>();
  const parts = names.map((name) => {
    const { snake = '', type = '', number = '', part = '' } = MADE_UP.exec(name)?.groups ?? {};
    if (type === '' || snakeOf(type) !== snake) return undefined;
    numbers.set(type, (numbers.get(type) ?? new Set()).add(Number(number)));
    return { snake, type, number: Number(number), part };
  });
  return names.map((name, i) => {
    const made = parts[i];
    if (made === undefined) return name;
    const inOrder = [...(numbers.get(made.type) ?? [])].sort((a, b) => a - b);
    return `${made.snake}_${made.type}${inOrder.indexOf(made.number) + 1}/${made.part}`;
  });
}

/** As tfjs does it: Conv2D → conv2d, LSTMCell → lstm_cell. */
function snakeOf(type: string): string {
  return type
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
