import { useComputed } from '@preact/signals';
import { type BenchReport, toCsv, toMarkdown } from 'limbeck';
import { useEffect } from 'preact/hooks';
import { Card } from '../frame/parts.tsx';
import { toast } from '../frame/toasts.tsx';
import { linkTo } from './link.ts';

const KINDS = [
  {
    name: 'JSON',
    ending: 'json',
    type: 'application/json',
    write: (report: BenchReport) => JSON.stringify(report, null, 2),
  },
  { name: 'Markdown', ending: 'md', type: 'text/markdown', write: toMarkdown },
  { name: 'CSV', ending: 'csv', type: 'text/csv', write: toCsv },
] as const;

/** Takes a report elsewhere: as a file, on the clipboard, or in an address. */
export function ShareCard({ report }: { readonly report: BenchReport }) {
  const files = useComputed(() =>
    KINDS.map(({ name, ending, type, write }) => ({
      name,
      file: `limbeck-bench-${report.date.slice(0, 10)}.${ending}`,
      href: URL.createObjectURL(new Blob([write(report)], { type })),
    })),
  );
  useEffect(() => {
    const made = files.value;
    return () => {
      for (const { href } of made) URL.revokeObjectURL(href);
    };
  }, []);
  const copyLink = async () => {
    const link = await linkTo(report);
    if (link === undefined) toast('This report is too long for an address. Download it as JSON instead.');
    else await copy(link, 'The address is on the clipboard. It holds the report itself; no server has it.');
  };
  return (
    <Card id="share" title="Take it with you">
      <div class="buttons">
        {files.value.map(({ name, file, href }) => (
          <a key={name} class="button small" href={href} download={file}>
            {name}
          </a>
        ))}
        <button
          type="button"
          class="small"
          onClick={() => void copy(toMarkdown(report), 'The table is on the clipboard.')}
        >
          Copy as Markdown
        </button>
        <button type="button" class="small" onClick={() => void copyLink()}>
          Copy a link
        </button>
      </div>
      <p class="hint">
        A report names browser, system, processor cores and GPU, as far as the browser tells them. It holds nothing of
        your model but its name.
      </p>
    </Card>
  );
}

async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast('The browser does not allow this page to use the clipboard.');
  }
}
