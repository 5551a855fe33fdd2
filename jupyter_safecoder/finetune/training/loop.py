"""The training loop: packs in, an adapter out; resumable at any step."""

from __future__ import annotations

import errno
import itertools
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.samples.batches import Batches
from jupyter_safecoder.finetune.samples.packing import Pack

if TYPE_CHECKING:
    import torch

#: Steps after which speed is known, and with it how many there will be.
_TIMED = 4
#: Last steps whose middle time is the pace: a step during which the machine slept is not.
_PACED = 20
#: The learning rate ends at this share of the highest.
_FLOOR = 0.1
_CLIP = 1.0
#: What an adapter is scaled to, the mildest first.
_SCALES = (1.0, 0.8, 0.65, 0.5)
_CHECKPOINT = "training.pt"


@dataclass
class Progress:
    """Where a run stands; all of it survives in the checkpoint.

    ``curve`` has ``[step, loss]`` of training, ``held_out`` the same of the held-out middles;
    ``total`` is 0 as long as the speed is not known.
    """

    step: int = 0
    total: int = 0
    sample_tokens: int = 0
    computed_tokens: int = 0
    seconds: float = 0.0
    curve: list[tuple[int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    best: float = math.inf
    stale: int = 0

    @property
    def tokens_per_s(self) -> float:
        """Tokens of samples that were learned in a second."""
        return self.sample_tokens / self.seconds if self.seconds else 0.0

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.total > 0 and self.step >= self.total


class TrainingLoop:
    """Trains the adapter of a network.

    Parameters
    ----------
    network
        A PEFT model whose attention takes ``segments``.
    attention
        That attention.
    recipe
        Settings.
    batches
        What is learned.
    judges
        Packs of the held-out documents.
    directory
        Gets the checkpoints.
    seconds
        For training; ``math.inf``: no bound.
    accelerator
        Hugging Face Accelerate's, where several processes train together.
    """

    def __init__(
        self,
        network: Any,
        attention: Any,
        recipe: Recipe,
        batches: Batches,
        judges: Sequence[Pack],
        directory: Path,
        seconds: float = math.inf,
        accelerator: Any = None,
    ) -> None:
        import torch

        self._torch = torch
        self._network = network
        self._attention = attention
        self._recipe = recipe
        self._batches = batches
        self._judges = judges
        self._checkpoint = directory / _CHECKPOINT
        self._seconds = seconds
        self._accelerator = accelerator
        self._rank = accelerator.process_index if accelerator else 0
        self._world = accelerator.num_processes if accelerator else 1
        self._trained = {
            name: weight for name, weight in network.named_parameters() if weight.requires_grad
        }
        self._device = next(network.parameters()).device
        self._half = network.dtype == torch.bfloat16
        self._optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            self._trained.values(), lr=recipe.learning_rate, weight_decay=0.0, betas=(0.9, 0.98)
        )
        self._model = network
        if accelerator:
            self._model, self._optimizer = accelerator.prepare(network, self._optimizer)
        self._best: dict[str, torch.Tensor] = {}
        self._rows: torch.Tensor | None = None
        # Not every architecture takes `logits_to_keep`.
        network.get_output_embeddings().register_forward_pre_hook(
            lambda layer, inputs: (inputs[0][:, self._rows],)
        )
        self.progress = Progress()
        self._judging_s = 0.0
        self._began = time.monotonic()
        self._corpus = 0
        self._paces: list[float] = []

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one; says whether there was."""
        if not self._checkpoint.is_file():
            return False
        state = self._torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        self._load(state["adapter"])
        self._best = state["best"]
        self._optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        return True

    def run(
        self,
        news: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train to the end; afterwards the network has the best adapter that was seen.

        Parameters
        ----------
        news
            Told after each step.
        stop
            Asked after each step; if it says so, a checkpoint is written and training pauses.

        Returns
        -------
        bool
            Whether the end was reached.
        """
        progress = self.progress
        self._began = time.monotonic()
        if not progress.held_out:
            self._judge()
        packs = itertools.islice(iter(self._batches), self._rank, None, self._world)
        saved = time.monotonic()
        for pack in itertools.islice(packs, progress.step, None):
            if progress.over or self._agreed(stop()):
                break
            began = time.monotonic()
            loss = self._learn(pack)
            progress.step += 1
            progress.seconds += (taken := time.monotonic() - began)
            self._paces = [*self._paces[1 - _PACED :], taken]
            progress.sample_tokens += pack.sample_tokens * self._world
            progress.computed_tokens += len(pack.ids) * self._world
            progress.curve.append((progress.step, round(loss, 4)))
            self._plan()
            # The first was before the first step.
            due = progress.total * len(progress.held_out) / self._recipe.evaluations
            if progress.total and (progress.step >= due or progress.over):
                self._judge()
                if progress.stale >= self._recipe.patience:
                    progress.total = progress.step
            news(progress)
            if time.monotonic() - saved > 20 or progress.over:
                self.save()
                saved = time.monotonic()
        self.save()
        if progress.over and self._best:
            self._load(self._best)
        return progress.over

    def temper(self, general: Sequence[Pack], forgotten: float) -> float:
        """Scale the adapter down until general code suffers little; returns the scale.

        Between base and adapter the way is nearly straight: what was learned fades slowly, what was
        forgotten comes back soon (Wortsman et al. 2022, arXiv:2109.01903).

        Parameters
        ----------
        general
            Packs of general code.
        forgotten
            The highest loss that they may have.
        """
        before = 1.0
        for scale in _SCALES:
            with self._torch.no_grad():
                for name, weight in self._trained.items():
                    if "lora_B" in name:
                        weight.mul_(scale / before)
            before = scale
            if self.loss_of(general) <= forgotten:
                break
        return before

    def save(self) -> None:
        """Write a checkpoint: the old one stays until the new one is whole.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        if self._rank:
            return
        state = {
            "adapter": self._copy(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "progress": asdict(self.progress),
        }
        partial = self._checkpoint.with_suffix(".partial")
        try:
            with partial.open("wb") as stream:
                self._torch.save(state, stream)
            partial.replace(self._checkpoint)
        except RuntimeError as error:
            # torch's writer says no more than that a write came short.
            raise OSError(errno.ENOSPC, "the disk is full", str(partial)) from error
        finally:
            partial.unlink(missing_ok=True)

    def write_adapter(self, directory: Path) -> None:
        """Write the adapter as PEFT does.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        from safetensors import SafetensorError

        for config in self._network.peft_config.values():
            # A set in PEFT: as it comes, the same adapter would have another hash in each process.
            config.target_modules = sorted(config.target_modules)
        try:
            # PEFT would ask a hub whether the vocabulary has grown; trained rows are saved anyway.
            self._network.save_pretrained(
                directory, safe_serialization=True, save_embedding_layers=False
            )
        except SafetensorError as error:
            raise OSError(errno.ENOSPC, "the disk is full", str(directory)) from error

    def _learn(self, pack: Pack) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        self._model.train()
        losses, weights = self._losses(pack, self._model)
        loss = (losses * weights).sum() / weights.sum()
        (self._accelerator.backward if self._accelerator else self._torch.Tensor.backward)(loss)
        self._torch.nn.utils.clip_grad_norm_(self._trained.values(), _CLIP)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        middles = weights == 1.0
        chosen = losses[middles] if middles.any() else losses
        return float(chosen.detach().mean())

    def _rate(self) -> float:
        recipe, progress = self._recipe, self.progress
        warm = min(1.0, (progress.step + 1) / recipe.warmup)
        share = progress.step / progress.total if progress.total else 0.0
        cosine = _FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
        return recipe.learning_rate * warm * cosine

    def _plan(self) -> None:
        """Say how many steps there will be, once the speed is known.

        Said again at each step: an hour on a machine that others use too has more than one speed.
        """
        progress, recipe = self.progress, self._recipe
        if recipe.steps:
            progress.total = recipe.steps
        elif progress.step >= _TIMED:
            if not self._corpus:
                packs = math.ceil(self._batches.packs_per_epoch() / self._world)
                self._corpus = packs * recipe.epochs
            judging_s = (recipe.evaluations + 1 - len(progress.held_out)) * self._judging_s
            left = self._seconds - (time.monotonic() - self._began) - judging_s
            fits = progress.step + max(0.0, left) / median(self._paces)
            progress.total = max(progress.step, self._shared(min(self._corpus, fits)))

    def _judge(self) -> None:
        began = time.monotonic()
        # Machines differ in the last digits, and all must end at the same step.
        loss = self._together(self.loss_of(), min)
        self._judging_s = time.monotonic() - began
        progress = self.progress
        progress.held_out.append((progress.step, round(loss, 4)))
        if loss < progress.best:
            progress.best, progress.stale = loss, 0
            self._best = self._copy()
        else:
            progress.stale += 1

    def loss_of(self, packs: Sequence[Pack] | None = None, *, adapted: bool = True) -> float:
        """Return the mean loss of the targets of packs, in nats for each token.

        Parameters
        ----------
        packs
            ``None``: of the held-out documents.
        adapted
            Whether with the adapter, or with the base alone.
        """
        self._network.eval()
        total = count = 0.0
        with self._torch.no_grad(), nullcontext() if adapted else self._network.disable_adapter():
            for pack in self._judges if packs is None else packs:
                # Not through what keeps processes together: one of them may ask alone.
                losses, _ = self._losses(pack, self._network)
                total += float(losses.sum())
                count += len(losses)
        return total / count if count else math.nan

    def _losses(self, pack: Pack, model: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of each target and its weight: logits are made for these rows alone."""
        torch = self._torch
        rows, ids, weights = zip(*pack.targets, strict=True)
        unique = sorted(set(rows))
        place = {row: number for number, row in enumerate(unique)}
        self._attention.segments = pack.segments
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            logits = self._logits(pack, unique, model)
        wanted = torch.tensor([place[row] for row in rows], device=self._device)
        if len(unique) != len(rows):
            logits = logits[wanted]
        losses = torch.nn.functional.cross_entropy(
            logits.float(), torch.tensor(ids, device=self._device), reduction="none"
        )
        return losses, torch.tensor(weights, device=self._device)

    def _logits(self, pack: Pack, rows: list[int], model: Any) -> torch.Tensor:
        tensor = self._torch.tensor
        self._rows = tensor(rows, device=self._device)
        answer = model(
            input_ids=tensor([pack.ids], device=self._device),
            position_ids=tensor([pack.positions], device=self._device),
            use_cache=False,
        )
        return cast("torch.Tensor", answer.logits[0])

    def _copy(self) -> dict[str, torch.Tensor]:
        return {name: weight.detach().clone() for name, weight in self._trained.items()}

    def _load(self, adapter: dict[str, torch.Tensor]) -> None:
        with self._torch.no_grad():
            for name, weight in self._trained.items():
                weight.copy_(adapter[name])

    def _agreed(self, wish: bool) -> bool:
        """Return whether any of the processes wishes so."""
        return bool(self._together(float(wish), max))

    def _shared(self, number: float) -> int:
        """Return the least that any of the processes says."""
        return int(self._together(number, min))

    def _together(self, value: float, choose: Callable[[list[float]], float]) -> float:
        if self._world == 1:
            return value
        told = self._torch.tensor([value], device=self._device)
        return choose(self._accelerator.gather(told).tolist())
