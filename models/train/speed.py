"""CPU time of a training step per scene, on one thread: python3 speed.py [CONFIG.toml]. Median of nine steps."""
import sys
import time
import tomllib
from pathlib import Path

import torch

from loss import DetectionLoss
from network import Detector, multiply_adds

BATCH, STEPS, LIT = 16, 9, 0.05


def main() -> None:
    torch.set_num_threads(1)
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "car.toml"
    config = tomllib.loads(path.read_text())["network"]
    net, loss_of = Detector(config), DetectionLoss(config)
    net.weigh_neurons()
    net.firing.rate = torch.full((BATCH * net.steps,), 0.01)
    optimizer = torch.optim.AdamW(net.parameters())
    shape = (BATCH * net.steps, config["channels"], config["height"], config["width"])
    x = (torch.rand(shape) < LIT).float().contiguous(memory_format=torch.channels_last)
    boxes = torch.full((BATCH, 4, 5), -1.0)
    boxes[:, 0] = torch.tensor([0, 100, 80, 160, 120.0])
    spent = []
    for _ in range(STEPS + 2):
        start = time.process_time()
        loss, _ = loss_of(net(x), boxes, torch.full((BATCH, 1, 5), -1.0))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        spent.append((time.process_time() - start) / BATCH * 1e3)
    macs = net.steps * sum(count for _, count in multiply_adds(net).values())
    print(f"torch {torch.__version__}: {sorted(spent[2:])[STEPS // 2]:.1f} ms a scene of {macs / 1e9:.3f} GMAC")


if __name__ == "__main__":
    main()
