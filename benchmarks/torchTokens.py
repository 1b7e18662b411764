"""Times how native PyTorch writes texts with a decoder of the zoo's design, as it is told line by line.

Usage: torchTokens.py THREADS. Reads one JSON request a line and answers each with one line, as torchSteps.py does: "student" is the
decoder's size, {"length", "vocabulary", "width", "heads", "hidden", "blocks"}, and a step is a text of so many tokens as fit. Keys
and values of earlier tokens are kept; each token is drawn with temperature 0.7 and top-p 0.95. Weights are random: only the pace is
measured.
"""
import json
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
    for i in range(count):
        token = draw(model(token.view(1, 1), torch.tensor([[i]]), kept))
        int(token)


def times(model, count, figures, together):
    found = []
    for _ in range(figures):
        start = time.perf_counter()
        for _ in range(together):
            write(model, count)
        found.append((time.perf_counter() - start) * 1e3 / together)
    return found


torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
known = {}
for line in sys.stdin:
    request = json.loads(line)
    size = request['student']
    name = json.dumps(size)
    if name not in known:
        known[name] = Decoder(**size).eval()
    if request['ask'] == 'layouts':
        answer = ['keys and values kept']
    else:
        answer = times(known[name], size['length'], request['figures'], request['together'])
    print(json.dumps(answer), flush=True)
