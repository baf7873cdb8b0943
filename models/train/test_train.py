"""python3 -m unittest discover models/train: the parts by the letter, and a tiny run that must learn its scenes by heart."""
import hashlib
import io
import os
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import cache
import fast
import loader
import log
import neuron
import scenes
from drives import TEST, for_training
from events import HEIGHT, WIDTH, Events, Scene, boxes_array, frame, joined, overlap
from export import merged, metadata_of, to_onnx
from loader import collate
from loss import DetectionLoss, complete_iou, pairwise_iou
from metric import average_precision, detections, prepared
from network import Detector, RepUnit, multiply_adds
from origin import unseen
from quantise import Snapping, snapped
from rest import put_to_rest
from train import Run
from widen import widened

CONFIG = tomllib.loads((Path(__file__).parent / "car.toml").read_text())["network"]
SMALL = CONFIG | {"widths": [8, 16, 24], "heads": [16, 16], "blocks": [1, 1]}


def seeded(shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).contiguous(memory_format=torch.channels_last)


class Neurons(unittest.TestCase):
    def test_spikes_are_rounded_half_to_even_after_the_clip(self):
        x = torch.tensor([-1, 0.5, 0.6, 1.5, 2.5, 3.5, 9]).view(1, 7, 1, 1)
        s = neuron.ILIF(neuron.Firing(), 4, 1)(x)
        self.assertEqual(s.flatten().tolist(), [0, 0, 1, 2, 2, 4, 4])

    def test_gradient_passes_inside_the_range_and_carries_the_penalties(self):
        firing = neuron.Firing()
        firing.rate, firing.quiet = torch.tensor([0.0, 3.0]), torch.tensor([0.0, 5.0])
        layer = neuron.ILIF(firing, 4, 1)
        layer.weight = 0.5
        x = torch.tensor([[-1.0, 0.4, 2.0, 5.0]] * 2).view(2, 4, 1, 1).requires_grad_()
        layer(x).sum().backward()
        self.assertEqual(x.grad[0].flatten().tolist(), [0, 1, 1, 0])
        push, hush = 3 * 0.5 / 4, 5 / 4
        self.assertEqual(x.grad[1].flatten().tolist(), [0, 1 + hush, 1 + push + hush, hush])

    def test_two_steps_follow_the_equation_of_the_plan(self):
        x = torch.tensor([0.5, 5.5, 1.75, 2.375, 4.25, 1.125]).view(3, 2).t().reshape(2, 3, 1, 1)
        s = neuron.ILIF(neuron.Firing(), 4, 2)(x)
        self.assertEqual(s.view(2, 3).t().tolist(), [[0, 4], [2, 2], [4, 1]])  # docs/engine.md section 3


class Kernels(unittest.TestCase):
    def test_depthwise_gradients_equal_those_of_the_library(self):
        for k in (3, 5, 7):
            x, w, g = seeded((2, 16, 9, 11)), torch.randn(16, 1, k, k), seeded((2, 16, 9, 11))
            expected = [v.clone().requires_grad_() for v in (x, w)]
            torch.nn.functional.conv2d(*expected, padding=k // 2, groups=16).backward(g)
            got = [v.clone().requires_grad_() for v in (x, w)]
            fast.depthwise(*got).backward(g)
            for a, b in zip(expected, got):
                self.assertLess(float((a.grad - b.grad).abs().max()), 1e-4)

    def test_refractory_merge_measures_from_the_last_kept_event(self):
        keep = fast.refractory(np.array([0, 0, 30, 49, 50, 60, 10, 0]), np.array([1, 1, 1, 1, 1, 2, 1, 1]), 4, 50)
        self.assertEqual(keep.tolist(), [True, False, False, False, True, True, False, True])

    def test_frames_are_bin_major_off_first_and_clipped(self):
        n = 20
        e = Events(np.full(n, 30_000.0), np.full(n, 7.9), np.full(n, 5.2), np.ones(n, np.uint8))
        f = frame(joined([e, Events(np.zeros(1), np.full(1, 303.99), np.zeros(1), np.zeros(1, np.uint8))]))
        self.assertEqual((f[3, 5, 7], f[0, 0, 303], int(f.astype(int).sum())), (15, 1, 16))


class Shapes(unittest.TestCase):
    def test_a_merged_repconv_is_the_chain(self):
        net = Detector(SMALL | {"rep16": True}).eval()
        unit = next(m for m in net.modules() if isinstance(m, RepUnit))
        for norm in (unit.bn1, unit.bn):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            norm.weight.data.normal_()
            norm.bias.data.normal_()
        unit = unit.double()
        x = (seeded((1, 24, 6, 7)) * 3).double()
        s = x.clamp(0, 4).round()
        unit.n = torch.nn.Identity()
        weight, stride, groups, bias = merged(unit)
        y = torch.nn.functional.conv2d(s, weight, bias, stride, 1, groups=groups)
        self.assertLess(float((unit(s) - y).abs().max()), 1e-9)

    def test_snapped_weights_are_int8_times_a_power_of_two(self):
        w = torch.randn(12, 5, 3, 3) * torch.logspace(-2, 1, 12).view(-1, 1, 1, 1)
        q = snapped(w)
        for c in range(12):
            step = next(2.0**-k for k in range(-4, 13) if torch.all(q[c] / 2.0**-k == (q[c] / 2.0**-k).round()))
            self.assertLessEqual(float((q[c] / step).abs().max()), 127)
            self.assertLessEqual(float((q[c] - w[c]).abs().max()), step / 2 + 1e-9)

    def test_exported_networks_are_valid_onnx(self):
        import onnx

        class Args:
            name, version, licence, data, score = "tiny", "1", "none", "none", 0.3

        for change in ({}, {"steps": 2, "channels": 2}, {"neuron": "relu"}, {"rep16": True}):
            net = Detector(SMALL | change).eval()
            onnx.checker.check_model(to_onnx(net, metadata_of(net.config, Args)))


    def test_multiply_adds_are_those_of_the_exported_convolutions_and_every_neuron_causes_some(self):
        import onnx

        for change in ({}, {"steps": 2, "channels": 2}, {"rep8": True, "rep16": True}, {"neuron": "relu"}):
            net = Detector(SMALL | change).eval()
            net.weigh_neurons()
            model = to_onnx(net, {})
            for node in model.graph.node:
                if node.op_type == "ILIF":  # keeps the shape, and old inference does not look into functions
                    node.CopyFrom(onnx.helper.make_node("Identity", node.input, node.output))
            graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
            shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*graph.value_info, *graph.output]}
            sizes = {w.name: int(np.prod(w.dims)) for w in graph.initializer}
            convolutions = [n for n in graph.node if n.op_type == "Conv"]
            expected = [sizes[n.input[1]] * int(np.prod(shapes[n.output[0]][2:])) for n in convolutions]
            got = [count for _, count in multiply_adds(net).values()]
            self.assertEqual(sorted(got), sorted(expected), change)
            weights = {name: m.weight for name, m in net.named_modules() if isinstance(m, (neuron.ILIF, neuron.ReLU))}
            self.assertAlmostEqual(sum(weights.values()), 1)
            self.assertEqual([name for name, weight in weights.items() if weight <= 0], [])

    def test_the_networks_that_ship_have_the_multiply_adds_of_their_plans(self):
        for name, macs in (("car", 424_116_480), ("street", 322_811_520)):  # saccade profile NAME RECORDING --json: totals.macs
            config = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text())["network"]
            self.assertEqual(sum(count for _, count in multiply_adds(Detector(config)).values()), macs)


class Widening(unittest.TestCase):
    def test_a_widened_network_gives_the_outputs_of_the_narrow_one(self):
        torch.manual_seed(5)
        for change in ({}, {"steps": 2, "channels": 2}, {"rep16": True}):
            narrow = Detector(SMALL | change).eval()
            wide = Detector(SMALL | change | {"widths": [8, 24, 40], "heads": [24, 32]}).eval()
            for name, value in narrow.state_dict().items():
                if name.endswith("running_var"):
                    value.uniform_(0.02, 0.1)
                elif name.endswith("running_mean"):
                    value.normal_(0, 0.1)
            for net in (narrow, wide):  # in this grid every sum of spikes is exact, whatever its order
                for p in net.parameters():
                    if p.ndim > 1:
                        p.data.mul_(64).round_().div_(64)
            wide.load_state_dict(widened(narrow.state_dict(), wide.state_dict()))
            x = torch.randint(0, 16, (2, narrow.config["channels"], 240, 304), generator=torch.Generator().manual_seed(2)) * 0.25
            with torch.no_grad():
                expected, got = narrow(x), wide(x)
            for a, b in zip(expected, got):
                self.assertGreater(float(a.std()), 0.01)
                self.assertLess(float((a - b).abs().max()), 1e-4)

    def test_what_does_not_fit_is_refused_with_a_sentence(self):
        large, small = Detector(SMALL | {"widths": [8, 16, 32]}).state_dict(), Detector(SMALL).state_dict()
        shapes = "is \\(32, 16, 3, 3\\) in the file and \\(24, 16, 3, 3\\) in the network: it cannot be widened"
        with self.assertRaisesRegex(SystemExit, f"^d3.c.weight {shapes}$"):
            widened(large, small)
        deep = Detector(SMALL | {"blocks": [1, 2]}).state_dict()
        for a, b, where in ((deep, small, "file"), (small, deep, "network")):
            with self.assertRaisesRegex(SystemExit, f"^s3.1.* is only in the {where}: they differ in more than their widths$"):
                widened(a, b)


class Rest(unittest.TestCase):
    def test_a_network_put_to_rest_is_silent_in_an_empty_window_and_another_one_is_left_alone(self):
        for change in ({}, {"steps": 2, "channels": 2}):
            torch.manual_seed(7)
            net = Detector(SMALL | change).eval()
            net.weigh_neurons()
            for m in net.modules():
                if isinstance(m, torch.nn.BatchNorm2d):
                    m.bias.data.uniform_(-0.2, 0.7)
            self.assertGreater(net.empty_density(), 0.01)
            most = put_to_rest(net)
            self.assertEqual(net.empty_density(), 0)
            self.assertTrue(0 < most < 3, most)
            before = {k: v.clone() for k, v in net.state_dict().items()}
            self.assertEqual(put_to_rest(net), 0)
            for name, value in net.state_dict().items():
                self.assertTrue(torch.equal(value, before[name]), name)


class State(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_run_that_was_killed_logs_no_step_twice(self):
        config = config_of()
        path = self.folder / "log.jsonl"
        run = Run(config, self.folder, None)
        run.step = 250
        run.save()
        whole = '{"step": 200}\n{"step": 250}\n'
        path.write_text(whole + '{"step": 300}\n{"step": 500, "empty": 0}\n{"ste')
        self.assertEqual(Run(config, self.folder, None).step, 250)
        self.assertEqual(path.read_text(), whole)
        log.cut(path, 0)
        self.assertEqual(path.read_text(), "")

    def test_a_run_goes_on_only_with_what_it_began_with(self):
        def begun(config=config_of(), start=None):
            return Run(config, self.folder, start)

        config = config_of()
        begun().save()
        self.assertEqual(begun().step, 0)
        for change, told in (
            ({"training": {"steps": 9}}, "training.steps = 5500, not 9"),
            ({"network": {"neuron": "relu"}}, 'network.neuron = "ilif", not "relu"'),
            ({"data": {"mix": {"drives": 1}}}, "data.mix = "),
        ):
            other = {part: values | change.get(part, {}) for part, values in config.items()}
            with self.assertRaisesRegex(SystemExit, f"^{self.folder}/state.pt is of a run with {told}.*: give --out another name"):
                begun(other)
        start = self.folder / "start.pt"
        torch.save({"ema": Detector(SMALL).state_dict()}, start)
        with self.assertRaisesRegex(SystemExit, "with no --start: give"):
            begun(start=start)

    def test_weights_name_the_recordings_that_they_and_their_start_learned_from_and_no_path(self):
        drives = self.folder / "drives"
        write_recording(drives / "a", 1)
        config = config_of() | {"data": {"mix": {"drives": 1}, "drives": str(drives)}}
        first = self.folder / "first"
        first.mkdir()
        Run(config, first, None).save()
        ema = torch.load(first / "ema.pt")
        digest = hashlib.sha256((drives / "a_td.dat").read_bytes()).hexdigest()
        self.assertEqual(ema["origin"], {"recordings": [("a_td.dat", digest)], "unlisted": [], "start": None})
        self.assertEqual(ema["config"]["data"], {"mix": {"drives": 1}, "ncars": False})

        write_recording(drives / "b", 2)
        with self.assertRaisesRegex(SystemExit, "with other recordings: 0 are not there any more, 1 are new: give"):
            Run(config, first, None)
        (drives / "a_td.dat").unlink()
        second = self.folder / "second"
        second.mkdir()
        Run(config, second, first / "ema.pt").save()
        origin = torch.load(second / "ema.pt")["origin"]
        self.assertEqual([name for name, _ in origin["recordings"]], ["a_td.dat", "b_td.dat"])
        start = hashlib.sha256((first / "ema.pt").read_bytes()).hexdigest()
        self.assertEqual((origin["start"], origin["unlisted"]), (start, []))

        unknown = self.folder / "unknown.pt"
        torch.save({"ema": ema["ema"]}, unknown)
        third = Run(config, self.folder, unknown).origin
        self.assertEqual(third["unlisted"], [hashlib.sha256(unknown.read_bytes()).hexdigest()])

    def test_a_cache_is_whole_or_not_there_when_two_runs_begin_at_once(self):
        place, arrays = self.folder / "drive", {"t": np.arange(5), "p": np.ones(5, np.uint8)}
        save, seen = np.save, []

        def slow(file, values):
            seen.append(place.exists())
            save(file, values)
            if len(seen) == 2:  # the other run begins and ends here
                with mock.patch.object(os, "getpid", return_value=-1):
                    cache.lay_down(place, arrays)

        with mock.patch.object(np, "save", slow):
            cache.lay_down(place, arrays)
        self.assertEqual(seen, [False] * 4)
        self.assertEqual([f.name for f in self.folder.iterdir()], ["drive"])
        self.assertEqual({f: np.load(place / f"{f}.npy").tolist() for f in arrays}, {f: v.tolist() for f, v in arrays.items()})


class Sources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def test_a_mix_without_its_sources_is_refused_with_a_sentence(self):
        mix = tomllib.loads((Path(__file__).parent / "car.toml").read_text())["data"]["mix"]
        with self.assertRaisesRegex(SystemExit, "^the mix has plain, street, large, resting, alone, pasted: give --ncars, or .* \\(street.toml"):
            loader.check({"mix": mix, "drives": "d", "ncars": ""})
        with self.assertRaisesRegex(SystemExit, "^the mix has drives: give --drives"):
            loader.check({"mix": {"drives": 1}})
        with self.assertRaisesRegex(SystemExit, "n-cars_test: the test split is not for training"):
            loader.check({"mix": {"plain": 1}, "ncars": "data/n-cars_test"})
        loader.check({"mix": {"drives": 1, "plain": 0}, "drives": "d"})

    def test_recordings_for_tests_are_not_trained_on(self):
        write_recording(self.folder / "gen1/train/a", 1)
        write_recording(self.folder / "gen1/test/b", 2)
        self.assertEqual([f.name for f in for_training(self.folder / "gen1/train")], ["a_td.dat"])
        for folder in ("gen1", "gen1/test"):
            with self.assertRaisesRegex(SystemExit, f"^{self.folder}/gen1/test: a folder called test is not for training"):
                for_training(self.folder / folder)
        (self.folder / "gen1/train" / TEST).touch()
        with self.assertRaisesRegex(SystemExit, f"^{self.folder}/gen1/train: the file TEST in it says"):
            for_training(self.folder / "gen1/train")

    def test_what_weights_learned_from_scores_nobody(self):
        write_recording(self.folder / "gt/a", 1)
        write_recording(self.folder / "gt/b", 2)
        digest = hashlib.sha256((self.folder / "gt/b_td.dat").read_bytes()).hexdigest()
        weights = self.folder / "ema.pt"
        with mock.patch("sys.stderr", new_callable=io.StringIO) as told:
            for recordings, refused in (([("c_td.dat", "0")], None), ([("a_td.dat", "0")], "a"), ([("c_td.dat", digest)], "b")):
                torch.save({"origin": {"recordings": recordings, "unlisted": [], "start": None}}, weights)
                if refused:
                    with self.assertRaisesRegex(SystemExit, f"gt/{refused}_td.dat: .*ema.pt learned from it"):
                        unseen(self.folder / "gt", weights)
                else:
                    unseen(self.folder / "gt", weights)
            self.assertEqual(told.getvalue(), "")
            torch.save({}, weights)
            unseen(self.folder / "gt", weights)
            self.assertIn("does not name all recordings that it learned from", told.getvalue())


class Boxes(unittest.TestCase):
    def test_a_batch_has_room_for_every_box(self):
        crowd = boxes_array([[k % 2, k, k, k + 9, k + 9] for k in range(70)])
        events = toy_scenes(1)[0].events
        batch = collate([Scene(events, crowd, boxes_array([])), Scene(events, crowd[:3], crowd[:2])], 2)
        self.assertEqual([list(batch[k].shape) for k in ("boxes", "ignored")], [[2, 70, 5], [2, 2, 5]])
        self.assertTrue(np.array_equal(batch["boxes"][0].numpy(), crowd))
        self.assertEqual(batch["boxes"][1, 3:].unique().tolist(), [-1])
        nothing = collate([Scene(events, crowd[:0], crowd[:0])], 2)
        self.assertEqual(nothing["boxes"].tolist(), [[[-1] * 5]])

    def test_overlaps_agree(self):
        a, b = torch.rand(5, 2) * 50, torch.rand(7, 2) * 50
        a, b = torch.cat([a, a + 20], 1), torch.cat([b, b + 30], 1)
        self.assertTrue(np.allclose(pairwise_iou(a[None], b[None])[0].numpy(), overlap(a.numpy(), b.numpy()), atol=1e-5))
        self.assertTrue(torch.allclose(complete_iou(a, a), torch.ones(5), atol=1e-5))

    def test_truth_against_itself_scores_one_and_nothing_scores_zero(self):
        scene = Scene(None, boxes_array([[0, 10, 10, 50, 40], [0, 100, 90, 160, 150]]), boxes_array([]))
        found = np.column_stack([scene.boxes, [0.9, 0.8]])
        self.assertEqual(average_precision([found], [scene], 0).tolist(), [1.0] * 10)
        self.assertEqual(average_precision([found[:0]], [scene], 0).tolist(), [0.0] * 10)


def config_of() -> dict:
    return tomllib.loads((Path(__file__).parent / "car.toml").read_text()) | {"network": SMALL}


def write_recording(name: Path, seed: int) -> None:
    """NAME_td.dat and NAME_bbox.npy with one box."""
    e = Events(np.arange(50.0) + seed, np.full(50, 7.0), np.full(50, 5.0), np.ones(50, np.uint8))
    scenes.write([Scene(e, boxes_array([[0, 1, 1, 20, 20]]), boxes_array([]))], name)


def toy_scenes(count: int) -> list[Scene]:
    """Filled rectangles of events are cars, columns are people, scattered events are neither."""
    rng = np.random.default_rng(3)
    scenes = []
    for _ in range(count):
        parts, boxes = [], []
        for kind, (w, h) in ((0, (70, 40)), (1, (14, 44))):
            x, y = rng.uniform(5, WIDTH - w - 5), rng.uniform(5, HEIGHT - h - 5)
            n = w * h
            parts.append(Events(rng.uniform(0, 49_999, n), x + rng.uniform(0, w, n), y + rng.uniform(0, h, n), rng.integers(0, 2, n)))
            boxes.append([kind, x, y, x + w, y + h])
        parts.append(Events(rng.uniform(0, 49_999, 500), rng.uniform(0, WIDTH, 500), rng.uniform(0, HEIGHT, 500), rng.integers(0, 2, 500)))
        scenes.append(Scene(joined(parts), boxes_array(boxes), boxes_array([])))
    return scenes


class Overfit(unittest.TestCase):
    def test_a_tiny_network_learns_eight_scenes_by_heart_and_survives_the_grid(self):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        scenes = toy_scenes(8)
        batch = collate(scenes, 2)
        net = Detector(SMALL)
        net.weigh_neurons()
        net.firing.rate = torch.full((8,), 0.01)
        loss_of, snapping = DetectionLoss(SMALL), Snapping(net)
        optimizer = torch.optim.AdamW(net.parameters(), lr=6e-3)
        first = None
        for step in range(240):
            for group in optimizer.param_groups:
                group["lr"] = 6e-3 * min(1, (step + 1) / 20, (240 - step) / 80)
            net.train()
            if step >= 200:
                net.freeze_norms()
            with snapping.applied(step >= 200):
                loss, _ = loss_of(net(prepared(batch["frames"], 1)), batch["boxes"], batch["ignored"])
                optimizer.zero_grad()
                loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 10)
            optimizer.step()
            first = first or loss.item()
        net.eval()
        with snapping.applied(True):
            found = detections(net, batch["frames"])
        self.assertLess(loss.item(), 0.4 * first)
        for kind in (0, 1):
            self.assertGreater(average_precision(found, scenes, kind)[0], 0.9)


if __name__ == "__main__":
    unittest.main()
