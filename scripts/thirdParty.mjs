// dist/THIRD-PARTY.txt: the licences of the packages of which the build carries code. Gathered while it builds, so that it names what is
// there and nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './ensure.mjs';

const NAME = 'THIRD-PARTY.txt';

/** For packages that name a licence and do not carry its text. */
const STANDARD = {
  MIT: () => readFileSync(join(root, 'LICENSE'), 'utf8').replace(/^Copyright.*\n\n/m, ''),
  'Apache-2.0': () => readFileSync(join(root, 'node_modules/assemblyscript/LICENSE'), 'utf8'),
};

/** What says by itself what may be done. */
const IS_LICENCE = /Redistribution and use|Permission is hereby granted/;

/**
 * Gives Rollup plugins that gather together, one for each part of the build.
 * @param {string[]} files carried as they are, or compiled, by their paths
 */
export function thirdParty(files) {
  /** @type {Map<string, Set<string>>} a package's folder, and its files of which something is in the build */
  const carried = new Map();
  const add = (file) => {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [];
    if (folder) carried.set(folder, (carried.get(folder) ?? new Set()).add(file));
  };
  return () => ({
    name: 'third-party',
    generateBundle(_, bundle) {
      for (const { modules = {} } of Object.values(bundle)) {
        for (const [id, { renderedLength }] of Object.entries(modules)) {
          if (renderedLength > 0) add(id.replace(/^\0/, '').replace(/\?.*$/, ''));
        }
      }
    },
    async writeBundle({ dir }) {
      files.forEach(add);
      if (dir === 'dist') await writeFile(join(dir, NAME), noticeOf(carried));
    },
  });
}

function noticeOf(carried) {
  /** @type {Map<string, string[]>} a text, and the packages that it is of */
  const byText = new Map();
  for (const [folder, files] of [...carried].sort(([one], [other]) => one.localeCompare(other))) {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { copyright, text } = licenceOf(folder, files, license ?? '');
    const title = [`${name} ${version} (${license ?? 'its own licence'})`, ...copyright].join('\n  ');
    byText.set(text, [...(byText.get(text) ?? []), title]);
  }
  const parts = [...byText].map(([text, titles]) => `${titles.join('\n')}\n\n${text.trim()}\n`);
  return `limbeck carries code of these packages, under these licences.\n\n${parts.join(`\n${'='.repeat(100)}\n\n`)}`;
}

/** Throws Error where a package carries no licence and names none that is known. */
function licenceOf(folder, files, license) {
  const own = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)([.-]|$)/i.test(file));
  if (own.some((file) => /^(licen[cs]e|copying)/i.test(file))) {
    return { copyright: [], text: own.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n') };
  }
  const comments = new Set([...files].filter((file) => /\.[cm]?js$/.test(file)).flatMap(commentsOf));
  const texts = [...comments].filter((comment) => IS_LICENCE.test(comment));
  const copyright = [...comments]
    .filter((comment) => !IS_LICENCE.test(comment))
    .flatMap((comment) => comment.match(/.*copyright.*/gi));
  const known = Object.entries(STANDARD).filter(([id]) => license.includes(id));
  if (texts.length === 0 && (known.length === 0 || /\bOR\b/.test(license))) {
    throw new Error(
      `${folder} carries no licence (${license || 'it names none'}): say in scripts/thirdParty.mjs where its text is`,
    );
  }
  const standard = texts.some((text) => /Permission is hereby/.test(text))
    ? known.filter(([id]) => id !== 'MIT')
    : known;
  return {
    copyright: [...new Set(copyright.map((line) => line.trim()))].sort(),
    text: [...texts, ...standard.map(([, textOf]) => textOf())].join('\n\n'),
  };
}

/** Comments of a file that speak of copyright, without what makes them comments. */
function commentsOf(file) {
  const found = readFileSync(file, 'utf8').match(/\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm) ?? [];
  return found
    .filter((comment) => /copyright/i.test(comment))
    .map((comment) =>
      comment
        .replace(/^[ \t]*(\/\*[*!]?|\*\/|\*|\/\/)|\*\/$/gm, '')
        .replace(/^ /gm, '')
        .trim(),
    );
}
