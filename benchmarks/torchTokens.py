"""Times how native PyTorch writes texts with a decoder of the zoo's design, as it is told line by line.

Usage: torchTokens.py THREADS. Reads one JSON request a line and answers each with one line, as torchSteps.py does: "student" is the
decoder's size, {"length", "vocabulary", "width", "heads", "hidden", "blocks"}, a layout one of two ways to write, and a step a text
of so many tokens as fit. Keys and values of earlier tokens are kept: "eager" appends to them, "traced" (torch.jit.trace) writes them
into memory that is there from the beginning, and looks at all of it. Each token is drawn with temperature 0.7 and top-p 0.95. Weights
are random: only the pace is measured.
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
    probs = torch.where(torch.cumsum(probs, -1) - probs < top_p, probs, 0.0)
    return order[torch.multinomial(probs, 1)]


class Next(nn.Module):
    """From a token [1, 1] and its position [1] to the next token [1], with all that is kept in one place."""

    def __init__(self, decoder, length, width, heads, blocks, **_):
        super().__init__()
        self.decoder, self.heads = decoder, heads
        for name in ('keys', 'values'):
            self.register_buffer(name, torch.zeros(blocks, 1, heads, length, width // heads))
        self.register_buffer('places', torch.arange(length))

    def forward(self, token, position):
        decoder = self.decoder
        x = decoder.embedding(token) + decoder.positions(position)
        is_there = (self.places <= position).view(1, 1, 1, -1)
        for i, block in enumerate(decoder.blocks):
            parts = block.qkv(block.norms[0](x)).chunk(3, -1)
            query, key, value = [part.view(1, 1, self.heads, -1).transpose(1, 2) for part in parts]
            self.keys[i].index_copy_(2, position, key)
            self.values[i].index_copy_(2, position, value)
            seen = F.scaled_dot_product_attention(query, self.keys[i], self.values[i], attn_mask=is_there)
            x = x + block.out(seen.transpose(1, 2).reshape(1, 1, -1))
            x = x + block.narrow(F.gelu(block.wide(block.norms[1](x))))
        return draw(decoder.logits(decoder.norm(x))[0, 0])


@torch.inference_mode()
def eager(size):
    model = Decoder(**size).eval()

    def write():
        token, kept = torch.zeros(1, dtype=torch.long), [None] * len(model.blocks)
        for i in range(size['length']):
            token = draw(model(token.view(1, 1), torch.tensor([i]), kept))
            int(token)

    return write


@torch.inference_mode()
def traced(size):
    example = (torch.zeros(1, 1, dtype=torch.long), torch.tensor([0]))
    model = torch.jit.trace(Next(Decoder(**size), **size).eval(), example, check_trace=False)

    def write():
        token = torch.zeros(1, dtype=torch.long)
        for i in range(size['length']):
            token = model(token.view(1, 1), torch.tensor([i]))
            int(token)

    return write


WAYS = {'eager': eager, 'traced': traced}


@torch.inference_mode()
def times(write, figures, together):
    found = []
    for _ in range(figures):
        start = time.perf_counter()
        for _ in range(together):
            write()
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
        known[name] = {way: make(size) for way, make in WAYS.items()}
    if request['ask'] == 'layouts':
        answer = list(WAYS)
    else:
        answer = times(known[name][request['layout']], request['figures'], request['together'])
    print(json.dumps(answer), flush=True)
