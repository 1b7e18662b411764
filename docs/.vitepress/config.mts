import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { BASE } from '../base.mjs';

const drawing = readFileSync(new URL('../../demo/public/icon.svg', import.meta.url), 'utf8');
// In the page itself: its address would be another one for each folder.
const addressOf = (svg: string) => `data:image/svg+xml,${encodeURIComponent(svg)}`;
const inColour = (colour: string) => addressOf(drawing.replace(/stroke="#[0-9a-f]+"/, `stroke="${colour}"`));
/** In the colour of the name beside it, as in theme/colours.css. */
const icon = { light: inColour('#a4491a'), dark: inColour('#f0a06a'), alt: '' };
const page = (text: string, link: string) => ({ text, link });

export default defineConfig({
  title: 'limbeck',
  description: 'Knowledge distillation and personalization in the browser, on the device of the person who uses it.',
  base: BASE,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: addressOf(drawing) }]],
  cleanUrls: false,
  lastUpdated: false,
  // The API pages exist once `npm run docs` has made them from the docstrings.
  ignoreDeadLinks: [/reference\/api/],
  outDir: '../out/docs',
  cacheDir: '../.cache/vitepress',
  srcExclude: ['node_modules/**'],
  markdown: {
    config(md) {
      const inline = md.renderer.rules.code_inline;
      // A line may end at a hyphen, which tears "--json" apart; code that fits any line stays whole.
      md.renderer.rules.code_inline = (tokens, at, ...more) => {
        const token = tokens[at];
        if (token !== undefined && token.content.length <= 24) token.attrJoin('class', 'whole');
        return inline?.(tokens, at, ...more) ?? '';
      };
    },
  },
  transformPageData({ relativePath, frontmatter }) {
    if (relativePath === 'index.md') frontmatter['hero'].image = icon;
  },
  themeConfig: {
    logo: icon,
    search: { provider: 'local' },
    nav: [
      page('Quick start', '/guide/quick-start'),
      page('Guides', '/guide/distil'),
      page('Recipes', '/recipes/'),
      page('Reference', '/reference/'),
    ],
    sidebar: {
      // Not all 500 pages: each page would carry the list. The page of an entry lists what it exports.
      '/reference/': [
        {
          text: 'Reference',
          items: [
            page('Overview', '/reference/'),
            page('Losses by family', '/reference/losses'),
            page('limbeck', '/reference/api/index/'),
            page('limbeck/run', '/reference/api/run/'),
            page('limbeck/tfjs', '/reference/api/tfjs/'),
            page('limbeck/expose', '/reference/api/exposeWorker/'),
            page('limbeck/federate', '/reference/api/federate/'),
          ],
        },
      ],
      '/': [
        {
          text: 'Start',
          items: [
            page('Quick start', '/guide/quick-start'),
            page('A whole page to copy', '/guide/whole-page'),
            page('Install and bundlers', '/guide/install'),
          ],
        },
        {
          text: 'Guides',
          items: [
            page('Embed a teacher', '/guide/embed-a-teacher'),
            page('Distil a student', '/guide/distil'),
            page('Choose a loss', '/guide/choose-a-loss'),
            page('Choose a student', '/guide/choose-a-student'),
            page('Read lines of text', '/guide/recognition'),
            page('Hear a wake word', '/guide/wake-word'),
            page('Distil a language model', '/guide/generate'),
            page('Learn an order', '/guide/ranking'),
            page('Learn numbers', '/guide/regression'),
            page('Points and boxes', '/guide/points-and-boxes'),
            page('Make it fast', '/guide/make-it-fast'),
            page('Personalize', '/guide/personalize'),
            page('Private and encrypted', '/guide/private-and-encrypted'),
            page('Train with many devices', '/guide/federate'),
            page('Set up a server for a federation', '/guide/federate-server'),
            page('Take it anywhere', '/guide/take-it-anywhere'),
            page('In a terminal', '/guide/command'),
            page('Inspect a model', '/guide/inspect'),
            page('Benchmark a device', '/guide/benchmark'),
            page('Node, workers and extensions', '/guide/node'),
          ],
        },
        { text: 'Recipes', items: [page('The survey, item by item', '/recipes/')] },
        {
          text: 'Help',
          items: [
            page('Error codes', '/help/errors'),
            page('Isolation, CSP, Trusted Types', '/help/isolation-and-csp'),
            page('Memory and iOS', '/help/memory'),
            page('Troubleshooting', '/help/troubleshooting'),
          ],
        },
        {
          text: 'Inside',
          items: [
            page('How it works', '/inside/how-it-works'),
            page('Benchmarks', '/inside/benchmarks'),
            page('How the benchmark measures', '/inside/benchmark-method'),
            page('Checked against', '/inside/checks'),
            page('Beside other libraries', '/inside/comparison'),
            page('How far a federation goes', '/scale'),
            page('Security and privacy', '/security'),
          ],
        },
      ],
    },
    outline: { level: [2, 3] },
  },
});
