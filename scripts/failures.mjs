// What failed, in a few lines each, for the end of `npm test`: a log is long, and often only its end is kept.

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** The first lines of a message, without colours. @param {string} [message] @returns {string[]} */
const firstLines = (message = '') =>
  message
    .replace(ESCAPES, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 4);

/** @param {string} name @param {string} [message] */
const told = (name, message) => [name, ...firstLines(message).map((line) => `    ${line}`)].join('\n');

/** What failed in a JSON report of vitest. @param {{ testResults?: any[] }} report @returns {string[]} */
export function failuresOfVitest({ testResults = [] }) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [told(name, message)] : [];
    return failed.map((test) => told(`${name} › ${test.fullName}`, test.failureMessages?.[0]));
  });
}

/**
 * What failed in a JSON report of Playwright, and what passed only at a second try.
 * @param {{ suites?: any[], errors?: any[] }} report @returns {string[]}
 */
export function failuresOfPlaywright({ suites = [], errors = [] }) {
  const specsOf = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
  const failed = suites
    .flatMap(specsOf)
    .flatMap((spec) => spec.tests.map((test) => ({ ...spec, ...test })))
    .filter(({ status }) => status === 'unexpected' || status === 'flaky')
    .map(({ file, line, title, results }) =>
      told(`${file}:${line} › ${title}`, results.find(({ error }) => error !== undefined)?.error.message),
    );
  return [...failed, ...errors.map(({ message }) => told('the runner itself', message))];
}

/** What failed in a stage that is no test: the end of what it said. @param {string} said @returns {string} */
export function failureOfStage(said) {
  const lines = firstLines(said.trimEnd().split('\n').slice(-4).join('\n'));
  return [lines.length > 0 ? 'the stage' : 'no test of it; see above', ...lines.map((line) => `    ${line}`)].join(
    '\n',
  );
}

/** The lines before the closing line. @param {readonly { stage: string, failures: readonly string[] }[]} all */
export function failureLines(all) {
  return all.flatMap(({ stage, failures }) => failures.map((failure) => `failed: ${stage}: ${failure}`));
}
