"""The palette, measured: states that stand side by side differ in lightness for every eye and on grey paper.

Lightness is CIE L* (0 to 100), in which a step of 6 or more is seen at a glance where two fields touch. Colour
blindness is simulated by the matrices of Machado, Oliveira and Fernandes (2009) at full severity, on linear light.
"""

import re
from itertools import combinations, pairwise
from typing import Final

import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.template_files import templates_folder
from policycortex.names import RequirementResult, Severity
from policycortex.rendering.html.page_view import GLYPHS

_EYES: Final = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "grey paper": ((0.2126, 0.7152, 0.0722),) * 3,
}
_SEVERITIES: Final = tuple(severity.value for severity in Severity)
_RESULTS: Final = ("non_compliant", "compliant", "manual", "not_assessed")
"""As they follow each other in a bar."""

Light = tuple[float, float, float]


@pytest.mark.parametrize("eye", _EYES)
def test_severities_darken_step_by_step(eye: str) -> None:
    """The worse, the darker, by 6 of lightness or more; no two are confused, neighbours or not."""
    tones = [_lightness(_seen(_fills()[name], eye)) for name in _SEVERITIES]
    assert all(lighter - darker >= 6 for darker, lighter in pairwise(tones)), tones


@pytest.mark.parametrize("eye", _EYES)
def test_results_differ_where_they_touch(eye: str) -> None:
    """Any two results by 6 of lightness, met and not met by 15, so that nobody needs red and green for it."""
    tones = {name: _lightness(_seen(_fills()[name], eye)) for name in _RESULTS}
    assert all(abs(tones[one] - tones[other]) >= 6 for one, other in combinations(_RESULTS, 2)), tones
    assert tones["compliant"] - tones["non_compliant"] >= 15, tones


@pytest.mark.parametrize("eye", _EYES)
def test_heat_darkens_with_the_count(eye: str) -> None:
    """Each step of the heat map is darker by 8, and its number keeps a contrast of 4.5 to 1 on it."""
    style = (templates_folder() / "report" / "print.css").read_text(encoding="utf-8")
    cells = re.findall(r"\.heat-([1-4]) \{ background: (#\w+); color: (#\w+) \}", style)
    assert [step for step, _, _ in cells] == ["1", "2", "3", "4"]
    tones = [_lightness(_seen(background, eye)) for _, background, _ in cells]
    assert all(lighter - darker >= 8 for lighter, darker in pairwise(tones)), tones
    assert all(_contrast(_seen(background, eye), _seen(ink, eye)) >= 4.5 for _, background, ink in cells)


def test_no_state_is_shown_by_colour_alone() -> None:
    """Each result has a sign of its own, and each result and severity a word of its own, in every language."""
    assert set(GLYPHS) == {result.value for result in RequirementResult}
    assert len(set(GLYPHS.values())) == len(GLYPHS)
    for language in ("en", "de"):
        locale = open_locale(language)
        for prefix, names in (("severity", _SEVERITIES), ("severity_short", _SEVERITIES), ("result", tuple(GLYPHS))):
            assert len({locale.text(f"{prefix}.{name}") for name in names}) == len(names)


@pytest.mark.parametrize("soft", ["#566779", "#3f5163", "#96301f", "#1f655c", "#5b4f8f"])
def test_small_print_can_be_read(soft: str) -> None:
    """Texts that are not ink keep 4.5 to 1 on white."""
    assert _contrast(_light(soft), (1, 1, 1)) >= 4.5


def _fills() -> dict[str, str]:
    text = (templates_folder() / "charts" / "charts.html").read_text(encoding="utf-8")
    return dict(re.findall(r'"(\w+)": "(#[0-9a-f]{6})"', text.partition("{% macro")[0]))


def _light(colour: str) -> Light:
    """Linear light of an sRGB colour."""
    parts = [int(colour[n : n + 2] if len(colour) == 7 else colour[n // 2 + 1] * 2, 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return red, green, blue


def _seen(colour: str, eye: str) -> Light:
    light = _light(colour)
    red, green, blue = (min(1, max(0, sum(k * p for k, p in zip(row, light, strict=True)))) for row in _EYES[eye])
    return red, green, blue


def _luminance(light: Light) -> float:
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def _lightness(light: Light) -> float:
    luminance = _luminance(light)
    return float(116 * luminance ** (1 / 3) - 16) if luminance > 0.008856 else 903.3 * luminance


def _contrast(one: Light, other: Light) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


_MODES: Final = ("light", "dark")
_PAGE: Final = "ground"
"""The variable of the page's own colour."""
_TEXTS: Final = ("ink", "text", "soft", "accent", "bad", "good", "person")


@pytest.mark.parametrize("mode", _MODES)
def test_texts_of_a_page_can_be_read(mode: str) -> None:
    """Every colour of texts, also those of axes, keeps 4.5 to 1 on the ground and on raised fields."""
    colours = _screen_colours(mode)
    low = {
        (name, page): _between(colours[name], colours[page])
        for name in _TEXTS
        for page in (_PAGE, "raised")
        if _between(colours[name], colours[page]) < 4.5
    }
    assert low == {}


@pytest.mark.parametrize("mode", _MODES)
def test_worse_severities_stand_out_more_on_light_and_on_dark(mode: str) -> None:
    """The worse, the more contrast with the ground, by a fifth; the three worst reach 3 to 1 as graphics have to."""
    colours = _screen_colours(mode)
    marks = [_between(colours[name], colours[_PAGE]) for name in _SEVERITIES]
    assert all(worse >= 1.2 * better for worse, better in pairwise(marks)), marks
    assert all(mark >= 3 for mark in marks[:3]), marks


@pytest.mark.parametrize("mode", _MODES)
def test_lines_and_decided_results_are_seen_on_the_page(mode: str) -> None:
    """Lines of charts, met, not met and results for people reach 3 to 1; what was not assessed stays behind them."""
    colours = _screen_colours(mode)
    marks = {name: _between(colours[name], colours[_PAGE]) for name in ("accent", *_RESULTS)}
    assert all(marks[name] >= 3 for name in ("accent", "non_compliant", "compliant", "manual")), marks
    assert marks["not_assessed"] < min(marks[name] for name in ("non_compliant", "compliant", "manual")), marks


@pytest.mark.parametrize("mode", _MODES)
def test_heat_stands_out_more_with_the_count_on_light_and_on_dark(mode: str) -> None:
    """Each step of the heat map has more contrast with the ground than the one before, by a quarter."""
    page = _screen_colours(mode)[_PAGE]
    cells = {name: fill for name, fill, _ in _filled(mode) if name.startswith("heat-")}
    marks = [_between(cells[f"heat-{step}"], page) for step in (4, 3, 2, 1)]
    assert all(more >= 1.25 * less for more, less in pairwise(marks)), marks


@pytest.mark.parametrize("mode", _MODES)
def test_words_on_coloured_cells_can_be_read(mode: str) -> None:
    """Numbers of the heat map and ids of the map of requirements keep 4.5 to 1 on their cells."""
    filled = _filled(mode)
    assert {name for name, _, _ in filled} >= {"heat-1", "heat-2", "heat-3", "heat-4", "non_compliant", "compliant"}
    assert [(name, fill, ink) for name, fill, ink in filled if _between(fill, ink) < 4.5] == []


def test_the_colours_of_a_page_are_those_of_two_modes() -> None:
    """Each colour of severities and results has one value for light and another for dark."""
    light, dark = (_screen_colours(mode) for mode in _MODES)
    assert all(light[name] != dark[name] for name in (*_SEVERITIES, *_RESULTS, *_TEXTS, _PAGE))


def _screen() -> tuple[str, str]:
    """The style of pages: its rules, and those that hold on a dark ground only."""
    style = (templates_folder() / "report" / "screen.css").read_text(encoding="utf-8")
    dark = re.findall(r"@media screen and \(prefers-color-scheme: dark\) \{(.*?)\n\}", style, re.DOTALL)
    assert len(dark) == 2
    return re.sub(r"@media screen and \(prefers-color-scheme: dark\) \{.*?\n\}", "", style, flags=re.DOTALL), "".join(
        dark
    )


def _screen_colours(mode: str) -> dict[str, str]:
    light, dark = (dict(re.findall(r"--(\w+): (#\w+)", part)) for part in _screen())
    return light if mode == "light" else light | dark


def _filled(mode: str) -> list[tuple[str, str, str]]:
    """Cells with a fill and an ink of their own."""
    rule = r"\.(?:cell\.)?(heat-[1-4]|\w+) \{ background: (#\w+); color: (#\w+) \}"
    light, dark = ({name: (fill, ink) for name, fill, ink in re.findall(rule, part)} for part in _screen())
    return [(name, fill, ink) for name, (fill, ink) in (light if mode == "light" else light | dark).items()]


def _between(one: str, other: str) -> float:
    return _contrast(_light(one), _light(other))
