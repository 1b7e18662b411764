"""Tokens a second that native PyTorch writes with a decoder of the zoo's design, text by text, as the example of generation does.

Usage: torchTokens.py [JSON], with any of {"length", "vocabulary", "width", "heads", "hidden", "blocks", "texts"}. Keys and values
of earlier tokens are kept; each token is drawn with temperature 0.7 and top-p 0.95. Weights are random: only the pace is told, of
the median text, for one thread and for two. Prints one line of JSON.
"""
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, kept):
        """x [1, 1, width], kept: keys and values [1, heads, T, width / heads] or None; gives both anew."""
        split = [part.view(1, 1, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norms[0](x)).chunk(3, -1)]
        query, keys, values = split
        if kept is not None:
            keys, values = torch.cat([kept[0], keys], 2), torch.cat([kept[1], values], 2)
        seen = F.scaled_dot_product_attention(query, keys, values)
        x = x + self.out(seen.transpose(1, 2).reshape(1, 1, -1))
        return x + self.narrow(F.gelu(self.wide(self.norms[1](x)))), (keys, values)


class Decoder(nn.Module):
    def __init__(self, length, vocabulary, width, heads, hidden, blocks):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads, hidden) for _ in range(blocks)])
        self.norm, self.logits = nn.LayerNorm(width), nn.Linear(width, vocabulary)

    def forward(self, token, position, kept):
        x = self.embedding(token) + self.positions(position)
        for i, block in enumerate(self.blocks):
            x, kept[i] = block(x, kept[i])
        return self.logits(self.norm(x))[0, 0]


def draw(logits, temperature=0.7, top_p=0.95):
    probs, order = torch.sort(F.softmax(logits / temperature, -1), descending=True)
    probs = torch.where(torch.cumsum(probs, -1) - probs < top_p, probs, 0)
    return order[torch.multinomial(probs, 1)]


@torch.inference_mode()
def write(model, count):
    token, kept = torch.zeros(1, dtype=torch.long), [None] * len(model.blocks)
    start = time.perf_counter()
    for i in range(count):
        token = draw(model(token.view(1, 1), torch.tensor([[i]]), kept))
        int(token)
    return count / (time.perf_counter() - start)


size = {'length': 63, 'vocabulary': 33, 'width': 64, 'heads': 4, 'hidden': 128, 'blocks': 2}
given = {**size, 'texts': 9, **(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})}
texts = given.pop('texts')
torch.manual_seed(0)
decoder = Decoder(**given).eval()
pace = {}
for threads in (1, 2):
    torch.set_num_threads(threads)
    # The first text has what is built once.
    pace[threads] = statistics.median([write(decoder, min(60, given['length'])) for _ in range(texts + 1)][1:])
print(json.dumps({'torch': torch.__version__, 'size': given, 'tokensPerSecond': pace}))
