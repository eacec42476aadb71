"""TinyUNet in PyTorch's wheel, as a child process of the benchmarks; ChildProcess.java has the protocol."""

import array
import math
import sys
import time

import torch
import torch.nn.functional as F


class TinyUNet:
    """The network as functions of a dictionary of parameters."""

    def __init__(self, parameters):
        self.p = parameters
        half = parameters["t_emb.1.weight"].shape[1] // 2
        self.frequencies = torch.tensor([10_000 ** (-k / half) for k in range(half)])

    def forward(self, x, t):
        angles = torch.outer(t, self.frequencies)
        hidden = self.linear("t_emb.1", torch.cat([torch.sin(angles), torch.cos(angles)], 1))
        t = F.silu(self.linear("t_emb.3", F.silu(hidden)))
        d1 = self.block("d1", x, t)
        d2 = self.block("d2", F.avg_pool2d(d1, 2), t)
        d3 = self.block("d3", F.avg_pool2d(d2, 2), t)
        neck = self.block("mid", F.avg_pool2d(d3, 2), t)
        u3 = self.block("u3", self.up(neck, d3), t)
        u2 = self.block("u2", self.up(u3, d2), t)
        u1 = self.block("u1", self.up(u2, d1), t)
        return self.conv("out", u1, 0)

    def block(self, name, x, t):
        h = self.conv(name + ".conv1", F.silu(self.norm(name + ".norm1", x)), 1)
        h = h + self.linear(name + ".t_proj", t)[:, :, None, None]
        h = self.conv(name + ".conv2", F.silu(self.norm(name + ".norm2", h)), 1)
        return h + (self.conv(name + ".skip", x, 0) if name + ".skip.weight" in self.p else x)

    def up(self, x, wire):
        return torch.cat([F.interpolate(x, size=wire.shape[2:]), wire], 1)

    def norm(self, name, x):
        return F.group_norm(x, math.gcd(8, x.shape[1]), self.p[name + ".weight"], self.p[name + ".bias"])

    def conv(self, name, x, padding):
        return F.conv2d(x, self.p[name + ".weight"], self.p[name + ".bias"], padding=padding)

    def linear(self, name, x):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])


class Work:
    """A job that is ready to run."""

    def __init__(self, kind, threads, rate, compiled, tensors):
        torch.set_num_threads(threads)
        self.x, self.t, self.target = (tensors.pop(name) for name in ("sample", "timesteps", "target"))
        for name, value in tensors.items():
            if value.ndim == 4:
                tensors[name] = value.clone(memory_format=torch.channels_last)
        network = TinyUNet(tensors)
        self.forward = torch.compile(network.forward) if compiled else network.forward
        self.run = self.train if kind == "train" else self.predict
        if kind == "train":
            for value in tensors.values():
                value.requires_grad_()
            self.optimizer = torch.optim.AdamW(tensors.values(), rate, fused=True)

    def predict(self):
        with torch.inference_mode():
            self.result = self.forward(self.x, self.t)

    def train(self):
        self.optimizer.zero_grad()
        loss = F.mse_loss(self.forward(self.x, self.t), self.target)
        loss.backward()
        self.optimizer.step()
        self.result = loss.detach()
        loss.item()


def read_tensor(source, dims):
    count = math.prod(dims)
    data = bytearray(source.read(4 * count))
    return torch.frombuffer(data, dtype=torch.float32).reshape(dims)


def serve(source, sink):
    def answer(text):
        sink.write((text + "\n").encode())
        sink.flush()

    answer("hello torch %s of Python %d.%d" % (torch.__version__, *sys.version_info[:2]))
    works, tensors = {}, {}
    while line := source.readline().decode().split():
        command, *words = line
        if command == "tensor":
            tensors[words[0]] = read_tensor(source, [int(d) for d in words[1].split(",")])
        elif command == "open":
            name, kind, threads, rate, mode = words
            works[name] = Work(kind, int(threads), float(rate), mode == "compiled", tensors)
            tensors = {}
            answer("ok")
        elif command == "run":
            run, count = works[words[0]].run, int(words[1])
            start = time.perf_counter()
            for _ in range(count):
                run()
            answer("ms %r" % (1e3 * (time.perf_counter() - start)))
        elif command == "result":
            values = array.array("f", works[words[0]].result.contiguous().flatten().tolist())
            answer("floats %d" % len(values))
            sink.write(values.tobytes())
            sink.flush()
        elif command == "close":
            del works[words[0]]
            answer("ok")


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, answers)
