/** What the documentation's page of error codes says about one, as plain text. It is fetched when the first error is shown. */
export async function cureOf(code: string): Promise<string | undefined> {
  const { default: page } = await import('../../docs/help/errors.md?raw').catch(() => ({ default: '' }));
  const [, text] = page.split(`\n### ${code}\n`);
  const section = text
    ?.split(/\n#{2,3} /)[0]
    ?.split('```')[0]
    ?.trim();
  return section ? plainTextOf(section) : undefined;
}

function plainTextOf(markdown: string): string {
  return markdown
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ');
}
