// The part of React that an example uses, as its own types have it: nothing here depends on React.
export declare function useState<T>(initial: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export declare function useEffect(effect: () => undefined | (() => void), on?: readonly unknown[]): void;
