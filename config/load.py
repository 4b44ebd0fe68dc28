"""The configuration as it is in force: defaults < file < environment < flags, all checked.

The one rule: either everything is valid, or `Misconfigured` lists every mistake with its
place and its remedy, and nothing starts.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config.checks import CHECKS, warnings
from config.composed import RiskSettings
from config.document import read_document
from config.files import Found, find_file, read_file
from config.layers import Layers, Override, missed_variables, overrides_from
from config.mistakes import KeyPath, Mistake, mistakes_of, refusal
from config.outline import known_names
from config.settings import Settings
from domain.board import Mode
from domain.money import canonical

# Each pass takes out what is wrong; a block that misses a setting then goes in the next one.
_MOST_PASSES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A valid configuration, the mode that this process runs in, and where it all came from.

    `sources` maps the dotted path of each setting that was written somewhere to file and line,
    variable or flag. `sha` is `settings_sha` of the settings.
    """

    settings: Settings
    mode: Mode
    file: Path
    sha: str
    sources: Mapping[str, str]
    warnings: tuple[str, ...]


def load(
    config: Path | None = None,
    *,
    environ: Mapping[str, str],
    flags: Sequence[Override] = (),
    asked: Mode | None = None,
) -> Loaded:
    """Find, read, lay over one another and check.

    `config` is the path of `--config`, `asked` the mode that a flag (`--live`) asked for.

    Raises:
        Misconfigured: with every mistake of file, environment and flags at once.
    """
    found = read_file(find_file(config))
    document = read_document(found.raw, found.shown)
    if not document.whole:
        raise refusal(found.shown, document.mistakes)
    layers = Layers(document)
    layers.lay(overrides_from(environ))
    layers.lay(flags)
    settings, mistakes = _validated(layers)
    mode = running_mode(settings, asked)
    mistakes += _fitting(settings, mode, layers, mistakes)
    mistakes += _starting(settings, mode, found, mistakes)
    if mistakes:
        raise refusal(found.shown, sorted(mistakes, key=lambda m: layers.order(m.path)))
    return Loaded(
        settings=settings,
        mode=mode,
        file=found.path,
        sha=settings_sha(settings),
        sources=layers.sources(),
        warnings=(*_remarks(settings, mode), *missed_variables(environ)),
    )


def running_mode(settings: Settings, asked: Mode | None) -> Mode:
    """What the process may be: the flag's mode, else the file's, where live only watches.

    LIVE is asked for twice, in the configuration and at the start (R-0.4).
    """
    if asked is not None:
        return asked
    told = Mode(settings.mode.upper())
    return Mode.OBSERVE if told is Mode.LIVE else told


def settings_sha(settings: Settings) -> str:
    """SHA-256 (hex) of the effective settings as canonical JSON; it holds no secret.

    Equal settings have one hash, however they were written (`10`, `10.0`) and wherever.
    """
    text = json.dumps(
        effective(settings), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def effective(value: Any) -> Any:
    """Settings as JSON-shaped data under their names in the file, defaults filled in."""
    named = _named(value)
    if named is not None:
        return {name: effective(item) for name, item in named.items()}
    if isinstance(value, tuple):
        return [effective(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return canonical(value) if isinstance(value, Decimal) else value


def _named(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, BaseModel):
        told = type(value).model_fields
        return {info.alias or name: getattr(value, name) for name, info in told.items()}
    if isinstance(value, RiskSettings):
        return value.told
    if is_dataclass(value):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    return value if isinstance(value, Mapping) else None


# Mistakes


def _validated(layers: Layers) -> tuple[Settings, list[Mistake]]:
    """The settings, and what was wrong; what is wrong is taken out, so that the rest is checked."""
    mistakes, data = list(layers.mistakes), layers.data
    # An alias or a tag was refused with its line already; one word about a place is enough.
    told = {mistake.path for mistake in mistakes}
    for _ in range(_MOST_PASSES):
        try:
            return Settings.model_validate(data), mistakes
        except ValidationError as error:
            errors = error.errors(include_url=False)
        found = mistakes_of(errors, data, known_names, layers.where)
        if data is layers.data:  # later passes only miss what this one took out
            mistakes += [mistake for mistake in found if mistake.path not in told]
        for mistake, problem in zip(found, errors, strict=True):
            data = _without(data, mistake.path[: -1 if problem["type"] == "missing" else None])
    return Settings(), mistakes


def _without(data: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    """A copy of `data` without the value at `path`; a list goes as a whole."""
    if not path or path[0] not in data:
        return data
    first, inner, rest = path[0], data[path[0]], path[1:]
    if rest and isinstance(inner, dict):
        return {**data, first: _without(inner, rest)}
    return {name: value for name, value in data.items() if name != first}


def _fitting(
    settings: Settings, mode: Mode, layers: Layers, known: Sequence[Mistake]
) -> list[Mistake]:
    found = [(path, text) for check in CHECKS for path, text in check(settings, mode)]
    return [
        Mistake(layers.where(path), path, text) for path, text in found if not _touches(path, known)
    ]


def _touches(path: KeyPath, known: Iterable[Mistake]) -> bool:
    for mistake in known:
        shorter = min(len(path), len(mistake.path))
        if shorter and path[:shorter] == mistake.path[:shorter]:
            return True
    return False


def _starting(
    settings: Settings, mode: Mode, found: Found, known: Sequence[Mistake]
) -> list[Mistake]:
    if mode.book != "live":
        return []
    mistakes = [Mistake(found.shown, (), found.distrust)] if found.distrust else []
    if mode is Mode.LIVE and settings.mode != "live" and not _touches(("mode",), known):
        hint = f"live is asked for twice; also write 'mode: live' in {found.shown}"
        mistakes.append(Mistake("--live", ("mode",), hint))
    return mistakes


def _remarks(settings: Settings, mode: Mode) -> Iterable[str]:
    if settings.mode == "live" and mode is Mode.OBSERVE:
        yield "mode: live without --live only watches (OBSERVE); start with --live to trade"
    yield from warnings(settings)
