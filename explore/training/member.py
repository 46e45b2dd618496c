"""One network in training. All of a step's data stay in fixed buffers, so that on a GPU the step is captured once as a
graph and replayed; several members train side by side, each on a stream of its own."""
import math

import torch
from torch.nn import functional as F

from dataset import Epoch
from masks import elementwise
from resnet import ResNet, fold, unfold


def rate_at(step, steps, peak, warmup):
    """Linear up to the peak over a share `warmup` of the steps, then half a cosine down to zero."""
    rise = warmup * steps
    if step < rise:
        return peak * (step + 1) / rise
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))


class FlatParameters:
    """Parameters of a model as views of one vector, so that an update is a few operations on vectors."""

    def __init__(self, model, decay):
        parameters = list(model.parameters())
        device = parameters[0].device
        self.values = torch.cat([self.flat(p.detach()) for p in parameters])
        self.velocity = torch.zeros_like(self.values)
        self.mask = torch.ones_like(self.values)
        self.decay = torch.cat(
            [torch.full((p.numel(),), decay if p.dim() > 1 else 0.0, device=device) for p in parameters]
        )
        self.slices, start = {}, 0
        for p in parameters:
            part = slice(start, start + p.numel())
            self.slices[p] = part
            p.data = self.shaped(self.values[part], p)
            start += p.numel()

    @staticmethod
    def flat(tensor):
        """Channels last, as convolutions on a GPU like their weights."""
        return tensor.permute(0, 2, 3, 1).reshape(-1) if tensor.dim() == 4 else tensor.reshape(-1)

    @staticmethod
    def shaped(vector, like):
        if like.dim() != 4:
            return vector.view(like.shape)
        return vector.view(like.shape[0], *like.shape[2:], like.shape[1]).permute(0, 3, 1, 2)

    def step(self, gradients, rate, momentum):
        """Nesterov's momentum; masked weights stay zero."""
        gradient = torch.cat([self.flat(g.float()) for g in gradients]).add_(self.values * self.decay)
        self.velocity.mul_(momentum).add_(gradient)
        self.values.sub_(rate * (gradient + momentum * self.velocity)).mul_(self.mask)


class Member:
    def __init__(self, config, data, device):
        self.config, self.data, self.device = config, data, device
        self.model = ResNet(**config["network"]).to(device)
        self.flat = FlatParameters(self.model, config["weight_decay"])
        self.epoch = Epoch(data, config["augment"], device)
        self.line = torch.arange(config["batch"], device=device)
        self.position = torch.zeros((), dtype=torch.int64, device=device)
        self.rate, self.loss = (torch.zeros((), device=device) for _ in range(2))
        self.forward, self.graph, self.stream = self.model, None, None
        if device.type == "cuda":
            self.forward, self.stream = torch.compile(self.model), torch.cuda.Stream()

    def restart(self, seed):
        """Fresh weights: the same seed gives the same."""
        torch.manual_seed(seed)
        fresh = ResNet(**self.config["network"])
        self.load(fresh.state_dict())

    def load(self, state):
        with torch.no_grad():
            self.model.load_state_dict(state)
        self.flat.velocity.zero_()
        self.flat.mask.fill_(1.0)

    def load_folded(self, values):
        """Weights of a network without batch normalization, as `onnx_file.read_float` returns them."""
        with torch.no_grad():
            unfold(self.model, values, self.data.train_images(self.config["calibration_images"]))
        self.load(self.state())

    def state(self):
        return {name: value.detach().cpu().contiguous().clone() for name, value in self.model.state_dict().items()}

    def hold(self, masks):
        """Zeroes the masked weights and keeps them zero from here on."""
        for node in fold(self.model):
            if node.name in masks:
                spread = elementwise(masks[node.name], node.weight).float()
                self.flat.mask[self.flat.slices[node.source.weight]] = self.flat.flat(spread)
        self.flat.values.mul_(self.flat.mask)

    def body(self):
        images, labels = self.epoch.batch(self.position + self.line)
        if self.device.type == "cuda":
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cuda", torch.bfloat16, cache_enabled=False):
                logits = self.forward(images)
        else:
            logits = self.forward(images)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=self.config["label_smoothing"])
        gradients = torch.autograd.grad(loss, list(self.model.parameters()))
        with torch.no_grad():
            self.flat.step(gradients, self.rate, self.config["momentum"])
            self.position.add_(len(self.line))
            self.loss.add_(loss.detach())

    def capture(self):
        """Records a step as a graph. What the weights were before is not kept."""
        self.epoch.draw(0, 0)
        self.model.train()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for _ in range(3):
                self.body()
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.body()
        torch.cuda.synchronize()

    def steps_per_epoch(self):
        return len(self.data.labels) // self.config["batch"]

    def start_epoch(self, seed, epoch):
        if self.device.type == "cuda" and self.graph is None:
            raise RuntimeError("capture() comes first")
        self.epoch.draw(seed, epoch)
        self.position.zero_()
        self.loss.zero_()
        self.model.train()
        if self.stream:
            self.stream.wait_stream(torch.cuda.current_stream())

    def step(self, rate):
        if self.graph is None:
            self.rate.fill_(rate)
            self.body()
            return
        with torch.cuda.stream(self.stream):
            self.rate.fill_(rate)
            self.graph.replay()

    def folded(self):
        self.model.eval()
        return fold(self.model)


def train(members, seeds, schedule, on_epoch, first_epoch=0):
    """Trains members side by side, each with its seed. `on_epoch(epoch, losses)` is called after every epoch, when
    weights may be read and masks set."""
    steps = members[0].steps_per_epoch()
    total = steps * schedule["epochs"]
    for epoch in range(first_epoch, schedule["epochs"]):
        for member, seed in zip(members, seeds):
            member.start_epoch(seed, epoch)
        for step in range(steps):
            rate = rate_at(epoch * steps + step, total, schedule["rate"], schedule["warmup"])
            for member in members:
                member.step(rate)
        if members[0].stream:
            torch.cuda.synchronize()
        on_epoch(epoch + 1, [member.loss.item() / steps for member in members])
