"""Sites that do not keep to the answer, or do not let it be changed."""

from __future__ import annotations

import base64

from e2e.bad_sites.decent import NO, WITHDRAWN, YEAR, YES, View
from e2e.bad_sites.table import SITES, BadSite, site, undecided

# ---- after refusing


def _placeholder(view: View) -> None:
    if view.state != YES:
        view.body += (
            '<div class="video-placeholder" style="width:300px;height:200px"><p>Film</p></div>'
        )


def _placeholder_with_picture(view: View) -> None:
    if view.state != YES:
        view.body += (
            '<div class="video-placeholder"><img width="300" height="200" alt="Film" src="'
            + view.at("films", "/thumbnail.jpg")
            + '"></div>'
        )


SITES.append(
    BadSite("placeholder-with-a-picture", "placeholders", _placeholder_with_picture, _placeholder)
)


@site("refused-requests")
def refusal_ignored_on_the_next_page(view: View) -> None:
    if view.state == NO and view.path != "/":
        view.body += f'<img src="{view.at("ignored", "/i.gif")}" alt="">'


@site("refused-requests")
def refusal_is_reported_to_others(view: View) -> None:
    if undecided(view):
        view.script += (
            "document.querySelector('#banner form')?.addEventListener('submit', (e) => { "
            f"if (e.submitter?.value === 'no') navigator.sendBeacon('{view.at('refusals', '/no')}'); }});"
        )


@site("refused-stores")
def cookie_after_a_refusal(view: View) -> None:
    if view.state == NO:
        view.sets("_visits=7f3; Path=/; HttpOnly")


# ---- after accepting


@site("accepted-works")
def banner_stays_after_accepting(view: View) -> None:
    if undecided(view):
        view.script += (
            "document.querySelector('#banner form')?.addEventListener('submit', (e) => { "
            "if (e.submitter?.value !== 'yes') return; e.preventDefault(); fetch('/choice', "
            "{method: 'POST', body: new URLSearchParams({choice: 'yes'})}); });"
        )


@site("accepted-declared", declares=True)
def undeclared_after_accepting(view: View) -> None:
    if view.state == YES:
        view.body += f'<img src="{view.at("mystery", "/m.gif")}" alt="">'


@site("choice-kept")
def choice_ends_with_the_browser(view: View) -> None:
    view.headers.append(("x-session-choice", "1"))


@site("lifetimes")
def choice_for_ten_years(view: View) -> None:
    if not undecided(view):
        view.sets(f"cookie_choice={view.state}; Path=/; Max-Age={10 * YEAR}")


_EMAIL = base64.b64encode(b"ines@halden.example").decode()


def _random_number(view: View) -> None:
    if view.state == YES:
        view.sets("_metrics=ODg3NzE0MTIzNDU2Nzg5MA; Path=/")


@site("no-email", good=_random_number)
def email_in_a_cookie(view: View) -> None:
    if view.state == YES:
        view.sets(f"_metrics={_EMAIL.rstrip('=')}; Path=/")


@site("no-personal-data")
def bank_account_in_storage(view: View) -> None:
    if view.state == YES:
        view.script += "localStorage.pay = JSON.stringify({iban: 'DE89370400440532013000'});"
    elif not undecided(view):
        view.script += "localStorage.removeItem('pay');"


# ---- changing one's mind


@site("way-back")
def page_without_a_way_back(view: View) -> None:
    if view.path != "/":
        view.footer = ""


@site("withdraw-easy")
def withdrawal_behind_three_layers(view: View) -> None:
    if view.state == YES:
        view.dialog_answers = '<button name="choice" value="yes">Accept all</button>'
        view.boxes = (
            '<p>We use cookies.</p><details><summary role="button">Manage options</summary>'
            '<button name="choice" value="save">Save my choices</button></details>'
        )


@site("withdraw-easy")
def no_way_to_withdraw(view: View) -> None:
    if view.state == YES:
        view.footer = ""


def _sets_on_a_yes(view: View, *, script: bool) -> None:
    if view.state == YES:
        view.sets("_metrics=1; Path=/" if script else "_metrics=1; Path=/; HttpOnly")


@site("withdrawn-stores", good=lambda view: _sets_on_a_yes(view, script=True))
def http_only_cookie_survives(view: View) -> None:
    if view.state == YES:
        view.sets("_survivor=1; Path=/; HttpOnly")


@site("withdrawn-stores")
def database_survives(view: View) -> None:
    if view.state == YES:
        view.script += "indexedDB.open('visits', 1);"


@site("withdrawn-requests")
def withdrawal_changes_nothing(view: View) -> None:
    if view.state == WITHDRAWN:
        view.body += f'<img src="{view.at("tireless", "/t.gif")}" alt="">'


@site("withdrawn-requests")
def farewell_of_running_scripts(view: View) -> None:
    if view.state == YES:
        view.script += f"addEventListener('pagehide', () => navigator.sendBeacon('{view.at('farewell', '/b')}'));"
