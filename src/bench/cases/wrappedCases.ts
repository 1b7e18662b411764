import type { BenchBackend, Subject } from '../subject.ts';

/** A backend with another name, and with what it opens changed. */
export function wrapped(
  backend: BenchBackend,
  name: string,
  change: (subject: Subject) => Partial<Subject>,
): BenchBackend {
  return {
    ...backend,
    name,
    async open(...given) {
      const subject = await backend.open(...given);
      return { ...subject, ...change(subject) };
    },
  };
}
