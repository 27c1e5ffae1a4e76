"""Sites that ask in a way that is none, or take silence for an answer."""

from __future__ import annotations

from e2e.bad_sites.decent import BUTTON, NO, View
from e2e.bad_sites.table import site, undecided

# ---- silence, and browsers without scripts


@site("silence")
def scrolling_counts_as_yes(view: View) -> None:
    if undecided(view):
        view.script += (
            "addEventListener('scroll', () => { const i = new Image();"
            f"i.src = '{view.at('scroll', '/s.gif')}'; }}, {{once: true}});"
        )


@site("silence")
def escape_counts_as_yes(view: View) -> None:
    if undecided(view):
        view.script += (
            "addEventListener('keydown', (e) => { if (e.key === 'Escape') "
            "document.cookie = '_visits=1; path=/'; });"
        )


@site("without-scripts")
def pixel_in_noscript(view: View) -> None:
    if undecided(view):
        view.body += f'<noscript><img src="{view.at("noscript", "/n.gif")}" alt=""></noscript>'


# ---- the banner


@site("asked-on-arrival")
def deep_page_does_not_ask(view: View) -> None:
    if undecided(view) and view.path != "/":
        view.answers = ""


@site("not-preticked")
def boxes_ticked_beforehand(view: View) -> None:
    view.boxes = '<label><input type="checkbox" checked> Statistics</label>'


@site("reject-offered")
def reject_hidden_in_the_second_layer(view: View) -> None:
    view.answers = f'<button name="choice" value="yes" style="{BUTTON}">Accept all</button>'


_LINK = "background:none;border:0;color:#556;font:13px sans-serif;text-decoration:underline"


@site("equal-prominence")
def reject_is_a_small_link(view: View) -> None:
    view.answers = (
        f'<button name="choice" value="no" style="{_LINK}">Reject all</button> '
        f'<button name="choice" value="yes" style="{BUTTON}">Accept all</button>'
    )


def _two_outlined_buttons(view: View) -> None:
    view.answers = view.answers.replace("background:#223;color:#fff", "background:#fff;color:#223")


@site("equal-prominence", good=_two_outlined_buttons)
def reject_is_pale(view: View) -> None:
    pale = BUTTON.replace("background:#223;color:#fff", "background:#eef;color:#99b").replace(
        "solid #223", "solid #eef"
    )
    view.answers = (
        f'<button name="choice" value="no" style="{pale}">Reject all</button> '
        f'<button name="choice" value="yes" style="{BUTTON}">Accept all</button>'
    )


_DIVS = (
    '<div role="button" {0} data-choice="no" style="display:inline-block;'
    + BUTTON
    + '">Reject all</div> '
    '<div role="button" {0} data-choice="yes" style="display:inline-block;'
    + BUTTON
    + '">Accept all</div>'
)
_DIV_SCRIPT = (
    "for (const div of document.querySelectorAll('[data-choice]')) for (const type of "
    "['click', 'keydown']) div.addEventListener(type, (e) => { if (e.type === 'keydown' && "
    "e.key !== 'Enter') return; const f = div.closest('form'); const i = document.createElement("
    "'input'); i.type = 'hidden'; i.name = 'choice'; i.value = div.dataset.choice; f.append(i); "
    "f.submit(); });"
)


def _buttons_by_tabindex(view: View) -> None:
    view.answers = _DIVS.format('tabindex="0"')
    view.script += _DIV_SCRIPT


@site("keyboard", good=_buttons_by_tabindex)
def buttons_for_the_mouse_only(view: View) -> None:
    view.answers = _DIVS.format("")
    view.script += _DIV_SCRIPT


@site("no-scroll-lock")
def page_is_locked(view: View) -> None:
    if undecided(view):
        view.head += "<style>html, body { overflow: hidden; height: 100% }</style>"


@site("no-wall")
def cookie_wall(view: View) -> None:
    if view.state == NO:
        view.text = "<p>Sorry. To read this you have to accept cookies.</p>"


# ---- signals and settings of the browser


def _ads_unless_told(view: View) -> None:
    if undecided(view) and not view.gpc:
        view.body += f'<img src="{view.at("ads", "/a.gif")}" alt="">'
    _says_so(view)


def _says_so(view: View) -> None:
    if view.gpc:
        view.body += "<p>Opt-out request honoured (Global Privacy Control).</p>"


@site("gpc-honoured", good=_ads_unless_told, rule="opt-out")
def signal_ignored(view: View) -> None:
    if undecided(view):
        view.body += f'<img src="{view.at("ads", "/a.gif")}" alt="">'
    _says_so(view)


@site("gpc-shown", good=_says_so, rule="opt-out")
def signal_honoured_in_silence(view: View) -> None:
    pass


@site("cookies-blocked")
def asks_for_ever_without_cookies(view: View) -> None:
    view.probe = False
