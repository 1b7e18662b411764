// Docstrings of limbeck end in rows, a word and what it says: "Shapes    logits [B, C] → [B]". In Markdown they would run
// together into one paragraph; here each becomes an item of a list.
import { Converter } from 'typedoc';

const ROWS = 'Shapes|Units|Reduces|Weight|Gradient|Numerics|Privacy|Throws|Source|Differs';
const FIRST = new RegExp(`^(?:${ROWS}) {2,}`, 'm');

/** The text with its rows as a list, and line breaks within a row as blanks. */
export function rowsAsList(text) {
  const start = text.search(FIRST);
  if (start < 0) return text;
  const rows = text
    .slice(start)
    .trimEnd()
    .split(new RegExp(`\\n(?=(?:${ROWS}) {2,})`))
    .map((row) => row.replace(/\s*\n\s*/g, ' ').replace(/^(\w+) {2,}/, '- **$1**: '));
  return `${text.slice(0, start).trimEnd()}\n\n${rows.join('\n')}\n`;
}

/** Text in which the site's template engine sees neither tags nor expressions. */
const escaped = (text) => text.replaceAll('<', '&lt;').replaceAll('{', '&#123;');

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, (context) => {
    for (const reflection of Object.values(context.project.reflections)) {
      const parts = reflection.comment?.summary;
      if (parts === undefined) continue;
      // A row may hold inline code, which is a part of its own; the whole is laid out as one text, which typedoc takes as it is.
      const whole = parts.map(({ kind, text }) => (kind === 'code' ? text : escaped(text))).join('');
      if (FIRST.test(whole)) reflection.comment.summary = [{ kind: 'code', text: rowsAsList(whole) }];
    }
  });
}
