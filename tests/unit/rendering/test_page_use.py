"""A nearly empty last page is filled by one further layout where an element of the page before can begin it."""

from itertools import islice

from policycortex.rendering.pdf.page_use import PageUse, Spacing, name_places, other_spacings


def _first(use: PageUse) -> Spacing | None:
    return next(islice(other_spacings(use), 1), None)


def test_the_last_page_begins_with_the_element_that_fills_it_best() -> None:
    """With 0.2 of a page, a break at 0.6 makes 0.6, one at 0.45 makes 0.75; at 0.3 too little stays before it."""
    places = (("place-1", 0.3), ("place-2", 0.45), ("place-3", 0.6), ("place-4", 0.95))
    assert _first(PageUse(pages=4, last_used=0.2, places=places)) == Spacing(break_before="place-3")
    assert _first(PageUse(pages=4, last_used=0.2, places=places[:2])) == Spacing(break_before="place-2")


def test_without_such_an_element_the_space_between_parts_changes() -> None:
    """A place too far up or down is not taken: first the last page is spared, then the pages before end higher."""
    use = PageUse(pages=4, last_used=0.2, places=(("place-1", 0.3), ("place-2", 0.95)))
    first, *others = other_spacings(use)
    assert first == Spacing(is_snug=True)
    assert [other.short_mm > 0 for other in others] == [True, True]
    assert _first(PageUse(pages=1, last_used=0.2)) is None


def test_headings_and_packages_are_places() -> None:
    """No heading that follows its section's heading, or stands in a package, begins a page."""
    package = '<article class="package">\n<h3><span class="package-rank">1</span></h3>'
    page = f'<h2 id="a">A</h2>\n  <h3>1</h3><h3>2</h3>{package}'
    assert name_places(page) == page.replace("<h3>2", '<h3 id="place-1">2').replace("<article", '<article id="place-2"')
