"""What personal data looks like: each kind tells whether a text holds it.

Random numbers look like many things. What has a check digit is checked, what has a country is
checked against what that country uses, and what could be anything needs a name that says what it
is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

try:
    import phonenumbers
except ImportError:  # the extra `privacy`
    phonenumbers = None  # type: ignore[assignment]

# Greedy parts are possessive or bounded, so that nothing can make them go back and forth.
_email = re.compile(
    r"(?<![\w.+-])[\w!#$%&'*+/=?^`{|}~-][\w.!#$%&'*+/=?^`{|}~-]{0,63}"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,40})(?![\w-])"
)
_phone = re.compile(r"(?<![\w.+])(?:\+|00)[1-9][\d ()./-]{6,20}\d(?!\w)")
_national = re.compile(r"(?<!\w)\(?0\d[\d ()./-]{6,16}\d(?!\w)")
_iban = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])"
)
_digits = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w.-])")
_pair = re.compile(
    r"(?<![\w.-])(-?\d{1,2}\.\d{3,12})(?:[,;|/ ]|, |%2C)[+]?(-?\d{1,3}\.\d{3,12})(?![\w.])"
)
_named_pair = re.compile(
    r"\blat(?:itude)?\W{1,4}(-?\d{1,2}\.\d{2,12})\W{1,4}(?:lon|lng|long|longitude)\W{1,4}"
    r"(-?\d{1,3}\.\d{2,12})",
    re.IGNORECASE,
)
_ipv4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w.-])")
_ipv6 = re.compile(r"(?<![\w:.])[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7}(?![\w:.])")
_mac = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])"
)
_says_phone = re.compile(r"phone|mobile|telephone|msisdn|(?:^|[_.-])tel(?:$|[_.-])", re.IGNORECASE)
_says_version = re.compile(r"ver(?:sion)?$|(?:^|[_.-])v$|build|release", re.IGNORECASE)

#: https://www.swift.com/resource/iban-registry-pdf, lengths by country
_IBAN_LENGTHS: Mapping[str, int] = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FO FI GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA",
        30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def has_email(text: str, name: str) -> bool:
    return "@" in text and _email.search(text) is not None


def has_phone(text: str, name: str) -> bool:
    """In the international form; in a national one only where the name says that it is one."""
    for match in _phone.finditer(text):
        if _is_phone("+" + match[0].lstrip("+0")):
            return True
    return _says_phone.search(name) is not None and (
        _national.search(text) is not None or re.fullmatch(r"\d{9,15}", text) is not None
    )


def _is_phone(text: str) -> bool:
    digits = sum(char.isdigit() for char in text)
    if phonenumbers is None:
        return 9 <= digits <= 15
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


def has_iban(text: str, name: str) -> bool:
    return any(_is_iban(match[0].replace(" ", "")) for match in _iban.finditer(text.upper()))


def _is_iban(text: str) -> bool:
    """ISO 13616: the right length for its country, and a remainder of 1 by 97."""
    if _IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def has_card(text: str, name: str) -> bool:
    for match in _digits.finditer(text):
        digits = re.sub(r"[ -]", "", match[0])
        if _is_of_a_network(digits) and _luhn(digits):
            return True
    return False


def _is_of_a_network(digits: str) -> bool:
    """By the first digits and the length that each network uses (ISO/IEC 7812)."""
    two, three, four = int(digits[:2]), int(digits[:3]), int(digits[:4])
    if len(digits) == 15:
        return two in (34, 37)
    if len(digits) == 14:
        return two in (36, 38) or 300 <= three <= 305
    return len(digits) == 16 and (
        digits[0] == "4"
        or 51 <= two <= 55
        or 2221 <= four <= 2720
        or two == 65
        or four == 6011
        or 3528 <= four <= 3589
    )


def _luhn(digits: str) -> bool:
    total = 0
    for at, char in enumerate(reversed(digits)):
        number = int(char) * (1 + at % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def has_coordinates(text: str, name: str) -> bool:
    return any(
        _is_place(float(match[1]), float(match[2]))
        for pattern in (_pair, _named_pair)
        for match in pattern.finditer(text)
    )


def _is_place(latitude: float, longitude: float) -> bool:
    """On the earth, and not a pair of fractions, which would be in the sea off Ghana."""
    return abs(latitude) <= 90 and abs(longitude) <= 180 and max(abs(latitude), abs(longitude)) > 1


def has_ip_address(text: str, name: str) -> bool:
    return (any(map(_is_ipv4, _ipv4.findall(text))) and not _says_version.search(name)) or any(
        map(_is_ipv6, _ipv6.findall(text))
    )


def _is_ipv4(text: str) -> bool:
    """An address, and no version number."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    small = all(int(part) < 20 for part in text.split("."))
    return not (small or address.is_loopback or address.is_unspecified)


def _is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def has_mac_address(text: str, name: str) -> bool:
    return any(match[0].strip("0:-") for match in _mac.finditer(text))


KINDS: Mapping[str, Callable[[str, str], bool]] = {
    "e-mail address": has_email,
    "phone number": has_phone,
    "bank account": has_iban,
    "card number": has_card,
    "coordinates": has_coordinates,
    "IP address": has_ip_address,
    "MAC address": has_mac_address,
}
