import { figure, measuredOn, table } from './markdown.mjs';

/** How many tokens a second a decoder writes, one text at a time: limbeck and PyTorch, on one thread and on two. */
export function tokensTable(result) {
  const { size, rows } = result;
  const perSecond = (row) => figure(rows[row].tokensPerSecond);
  const share = (threads) =>
    figure(rows[`limbeck/${threads}`].tokensPerSecond / rows[`torch/${threads}`].tokensPerSecond);
  const hasTorch = rows['torch/1'] !== undefined;
  const head = ['threads', 'limbeck', ...(hasTorch ? [`PyTorch ${result.torch.split('+')[0]}`, 'limbeck’s pace'] : [])];
  return [
    `Tokens a second of a decoder of ${size.blocks} blocks, ${size.width} wide, with ${size.heads} heads and ${size.hidden} hidden units, in texts of ${size.length} tokens of ${size.vocabulary} kinds, each drawn with temperature 0.7 and top-p 0.95 (${measuredOn(result)}; medians of ${result.runs} runs):`,
    '',
    table(
      head,
      [1, 2].map((threads) => [
        threads,
        `**${perSecond(`limbeck/${threads}`)}**`,
        ...(hasTorch ? [perSecond(`torch/${threads}`), `${share(threads)} times PyTorch’s`] : []),
      ]),
    ),
  ].join('\n');
}
