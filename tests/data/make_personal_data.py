"""Writes personal_data.jsonl: cookie names and values as sites set them, with what is in each.

python tests/data/make_personal_data.py. Every person, number and address is made up: domains of RFC
2606, numbers from ranges kept for documentation or with a valid check digit and no owner. The labels
come from how a line is made, not from the detector.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

RANDOM = random.Random(20261125)
CONTROLS = {"NO": 15, "DE": 22, "GB": 22, "FR": 27, "NL": 18, "ES": 24, "IT": 27, "PL": 28}
NAMES = [
    "ana",
    "björn",
    "chen.li",
    "d.okafor",
    "e_silva",
    "farid",
    "gül",
    "h.nakamura",
    "ines",
    "jo",
]
DOMAINS = ["example.com", "mail.example.org", "exämple.net", "例え.example", "example.co.uk"]
PHONES = ["+47 22 12 34 56", "+49 30 901820", "+44 20 7946 0958", "+1 202-555-0143", "+33 1 99 00 12 34",
          "+4915123456789", "004721234567", "+81 3-1234-5678", "+34 912 345 678", "+31 20 123 4567"]  # fmt: skip


def token(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(RANDOM.choices(alphabet, k=length))


def digits(length: int) -> str:
    return token(length, string.digits)


def email() -> str:
    return (
        f"{RANDOM.choice(NAMES)}{RANDOM.choice(['', '+shop', digits(2)])}@{RANDOM.choice(DOMAINS)}"
    )


def phone() -> str:
    return RANDOM.choice(PHONES)


def iban() -> str:
    country, length = RANDOM.choice([*CONTROLS.items()])
    letters = {"GB": "NWBK", "NL": "ABNA", "IT": "X", "FR": ""}.get(country, "")
    account = letters + digits(length - 4 - len(letters))
    number = int("".join(str(int(char, 36)) for char in account + country + "00"))
    whole = f"{country}{98 - number % 97:02}{account}"
    if RANDOM.random() < 0.3:
        return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return whole


def card() -> str:
    start = RANDOM.choice(["4", "51", "55", "2221", "34", "37", "6011"])
    length = 15 if start in ("34", "37") else 16
    body = start + digits(length - len(start) - 1)
    total = sum(sum(divmod(int(c) * (2 - at % 2), 10)) for at, c in enumerate(reversed(body)))
    number = body + str(-total % 10)
    if RANDOM.random() < 0.4:
        return RANDOM.choice(" -").join(number[at : at + 4] for at in range(0, length, 4))
    return number


def coordinates() -> str:
    lat, lon = RANDOM.uniform(-80, 80), RANDOM.uniform(-170, 170)
    return RANDOM.choice([f"{lat:.5f},{lon:.5f}", f"{lat:.4f}, {lon:.4f}", f"{lat:.6f}|{lon:.6f}"])


def ip_address() -> str:
    if RANDOM.random() < 0.35:
        return f"2001:db8:{token(4, '0123456789abcdef')}:{RANDOM.randint(1, 9)}::{RANDOM.randint(1, 999)}"
    return RANDOM.choice([f"192.0.2.{RANDOM.randint(1, 254)}", f"198.51.100.{RANDOM.randint(1, 254)}",
                          f"203.0.113.{RANDOM.randint(1, 254)}", f"10.{RANDOM.randint(20, 250)}.3.77"])  # fmt: skip


def mac_address() -> str:
    return RANDOM.choice(":-").join(token(2, "0123456789abcdef") for _ in range(6))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def jwt(claims: dict[str, object]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{token(43)}"


MAKERS: dict[str, Callable[[], str]] = {
    "e-mail address": email,
    "phone number": phone,
    "bank account": iban,
    "card number": card,
    "coordinates": coordinates,
    "IP address": ip_address,
    "MAC address": mac_address,
}
#: how sites write things into cookies
WRITINGS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    b64,
    lambda text: b64(text).rstrip("=").replace("+", "-").replace("/", "_"),
    lambda text: quote(b64(text)),
    lambda text: json.dumps({"id": RANDOM.randint(1, 9999), "contact": text, "seen": True}),
    lambda text: quote(json.dumps({"user": {"data": [text, token(8)]}})),
    lambda text: b64(json.dumps({"v": 2, "profile": {"x": text}})),
    lambda text: jwt({"sub": token(12), "info": text, "exp": 1_790_000_000}),
    lambda text: text.encode().hex(),
    lambda text: f"id={token(10)}&who={quote(text, safe='')}&t={digits(10)}",
    lambda text: f"{token(6)}|{text}|{digits(4)}",
    lambda text: f"s%3A{quote(text, safe='')}.{quote(token(24))}",
]
HARMLESS: list[Callable[[], tuple[str, str]]] = [
    lambda: ("_ga", f"GA1.1.{digits(9)}.{RANDOM.randint(1_600_000_000, 1_790_000_000)}"),
    lambda: (f"_ga_{token(8)}", f"GS1.1.{RANDOM.randint(1_600_000_000, 1_790_000_000)}.{digits(1)}.1.{digits(10)}.60.0.0"),
    lambda: ("_fbp", f"fb.1.{RANDOM.randint(1_600_000_000_000, 1_790_000_000_000)}.{digits(10)}"),
    lambda: ("_gcl_au", f"1.1.{digits(9)}.{digits(10)}"),
    lambda: ("sessionid", token(32, string.ascii_lowercase + string.digits)),
    lambda: ("PHPSESSID", token(26, string.ascii_lowercase + string.digits)),
    lambda: ("connect.sid", f"s%3A{token(32)}.{quote(b64(token(30)))}"),
    lambda: ("session", jwt({"form": token(22), "n": RANDOM.randint(1, 99)})),
    lambda: ("session", f"{b64(json.dumps({'cart': [1, 2, 3], 'seen': True}))}.{token(6)}.{token(27)}"),
    lambda: ("csrftoken", token(64)),
    lambda: ("uid", str(uuid.UUID(int=RANDOM.getrandbits(128), version=4))),
    lambda: ("visitor", token(16, "0123456789abcdef")),
    lambda: ("tracking", token(40, "0123456789abcdef")),
    lambda: ("bin", base64.b64encode(RANDOM.randbytes(RANDOM.choice([16, 24, 32]))).decode()),
    lambda: ("bin", base64.urlsafe_b64encode(RANDOM.randbytes(33)).decode()),
    lambda: ("last_seen", f"2026-{RANDOM.randint(10, 12)}-{RANDOM.randint(10, 28)}T12:{RANDOM.randint(10, 59)}:07Z"),
    lambda: ("when", str(RANDOM.randint(1_600_000_000_000, 1_790_000_000_000))),
    lambda: ("version", f"{RANDOM.randint(1, 14)}.{RANDOM.randint(0, 19)}.{RANDOM.randint(0, 40)}.{RANDOM.randint(0, 200)}"),
    lambda: ("build", f"v{RANDOM.randint(1, 9)}.{RANDOM.randint(0, 30)}.{RANDOM.randint(0, 9)}-{token(7, '0123456789abcdef')}"),
    lambda: ("lang", RANDOM.choice(["en-GB", "nb-NO", "zh-Hant-TW", "de"])),
    lambda: ("theme", RANDOM.choice(["dark", "light", '{"theme":"dark","size":16}'])),
    lambda: ("cart", json.dumps({"items": [{"id": RANDOM.randint(10_000, 999_999), "qty": 1, "price": 24.95}]})),
    lambda: ("prices", f"{RANDOM.uniform(1, 90):.2f},{RANDOM.uniform(1, 90):.2f}"),
    lambda: ("ratio", f"{RANDOM.uniform(0, 4):.3f}"),
    lambda: ("order", digits(RANDOM.choice([6, 8, 10, 12]))),
    lambda: ("consent", f"CP{token(40, string.ascii_letters + string.digits + '-_')}.YAAAAAAAAAA"),
    lambda: ("OptanonConsent", f"isGpcEnabled=0&datestamp=Wed+Nov+25+2026+12%3A{RANDOM.randint(10, 59)}%3A09&version=202{digits(3)}.1.0&groups=C0001%3A1%2CC0002%3A0"),
    lambda: ("utm", f"source={token(6)}&medium=mail&campaign=spring_{digits(4)}"),
    lambda: ("screen", f"{RANDOM.randint(300, 3000)}x{RANDOM.randint(300, 3000)}"),
    lambda: ("ab", ",".join(f"{token(4)}:{digits(1)}" for _ in range(5))),
    lambda: ("hash", f"sha256-{b64(token(32))}"),
    lambda: ("handle", f"@{token(8, string.ascii_lowercase)}"),
    lambda: ("path", f"/shop/{token(5)}/{digits(5)}?page=2"),
    lambda: ("time", f"{RANDOM.randint(10, 23)}:{RANDOM.randint(10, 59)}:{RANDOM.randint(10, 59)}"),
    lambda: ("iban_help", f"DE{digits(2)}{digits(10)}"),
    lambda: ("local", RANDOM.choice(["127.0.0.1", "::1", "0.0.0.0"])),
    lambda: ("phone_os", RANDOM.choice(["android", "ios"])),
    lambda: ("sku", f"{token(3, string.ascii_uppercase)}-{digits(4)}-{digits(4)}-{digits(2)}"),
    lambda: ("ref", digits(RANDOM.choice([13, 14, 15, 16, 19]))),
    lambda: ("pos", f"{RANDOM.uniform(0, 1):.4f},{RANDOM.uniform(0, 1):.4f}"),
    lambda: ("crc", f"{token(8, '0123456789abcdef')}:{token(4, '0123456789abcdef')}:{digits(3)}"),
    lambda: ("trace", f"00-{token(32, '0123456789abcdef')}-{token(16, '0123456789abcdef')}-01"),
]  # fmt: skip


def main() -> None:
    lines = []
    for kind, make in MAKERS.items():
        for writing in WRITINGS:
            for _ in range(3):
                name = RANDOM.choice(["u", "profile", "last", "data", "prefs", "visitor"])
                lines.append({"name": name, "value": writing(make()), "kinds": [kind]})
    for _ in range(12):
        national = f"0{RANDOM.randint(10, 99)} {digits(4)} {digits(4)}"
        lines.append(
            {
                "name": RANDOM.choice(["phone", "user_tel"]),
                "value": national,
                "kinds": ["phone number"],
            }
        )
        lines.append({"name": email(), "value": "1", "kinds": ["e-mail address"]})
        place = {
            "lat": round(RANDOM.uniform(-80, 80), 5),
            "lng": round(RANDOM.uniform(-170, 170), 5),
        }
        lines.append({"name": "geo", "value": json.dumps(place), "kinds": ["coordinates"]})
    for harmless in HARMLESS:
        for _ in range(12):
            name, value = harmless()
            lines.append({"name": name, "value": value, "kinds": []})
    path = Path(__file__).with_name("personal_data.jsonl")
    path.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
